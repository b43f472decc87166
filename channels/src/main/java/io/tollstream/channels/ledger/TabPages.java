package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.Tab;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Reads tabs by the page on a thread of its own, so that no payment waits for a listing. */
final class TabPages implements AutoCloseable {
  /** Where pages come from. */
  interface Source {
    List<Tab> page(@Nullable ChannelId after, int limit) throws SQLException;
  }

  /** The most tabs of one page; whoever asks for more gets as many. */
  static final int MAX_PAGE = 1_000;

  private static final int MAX_WAITING = 64;
  private static final long CLOSE_SECONDS = 10;

  private final Source source;
  private final ThreadPoolExecutor thread =
      new ThreadPoolExecutor(
          1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_WAITING), TabPages::thread);

  TabPages(Source source) {
    this.source = source;
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "ledger-reader");
    thread.setDaemon(true);
    return thread;
  }

  CompletionStage<List<Tab>> read(@Nullable ChannelId after, int limit) {
    if (limit < 1) {
      throw new IllegalArgumentException("a page must have room for a tab: " + limit);
    }
    CompletableFuture<List<Tab>> answer = new CompletableFuture<>();
    try {
      thread.execute(() -> page(after, Math.min(limit, MAX_PAGE), answer));
    } catch (RejectedExecutionException full) {
      answer.completeExceptionally(
          new LedgerUnavailable("the ledger is closed, or too many listings wait", full));
    }
    return answer;
  }

  private void page(@Nullable ChannelId after, int limit, CompletableFuture<List<Tab>> answer) {
    try {
      answer.complete(source.page(after, limit));
    } catch (SQLException | RuntimeException e) {
      answer.completeExceptionally(
          new LedgerUnavailable("the ledger cannot be listed: " + e.getMessage(), e));
    }
  }

  @Override
  public void close() {
    thread.shutdown();
    try {
      if (!thread.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        thread.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
