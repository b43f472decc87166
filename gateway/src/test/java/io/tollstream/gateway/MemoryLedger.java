package io.tollstream.gateway;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.MemoryNotes;
import io.tollstream.channels.NodeId;
import io.tollstream.channels.Notes;
import io.tollstream.channels.Tab;
import io.tollstream.metering.Amount;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** A ledger that forgets, on one thread of its own; a test can hold it and bring it down. */
public final class MemoryLedger implements Ledger {
  public static final NodeId NODE = new NodeId("0x" + "0d".repeat(16));

  private final ConcurrentSkipListMap<ChannelId, Tab> tabs = new ConcurrentSkipListMap<>();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread worker = new Thread(task, "ledger");
            worker.setDaemon(true);
            return worker;
          });
  private final Notes notes = new MemoryNotes();
  private final Semaphore releases = new Semaphore(0);
  private final List<Amount> demands = new CopyOnWriteArrayList<>();
  private volatile boolean down;
  private volatile boolean shared;
  private volatile boolean led;
  private volatile @Nullable Listener listener;

  /** Lets nothing through until {@link #release}; returns once that holds. */
  public void hold() throws InterruptedException {
    CountDownLatch holding = new CountDownLatch(1);
    thread.execute(
        () -> {
          holding.countDown();
          releases.acquireUninterruptibly();
        });
    holding.await();
  }

  public void release() {
    releases.release();
  }

  /** Whether every call fails. */
  public void down(boolean isDown) {
    down = isDown;
  }

  /** The tab as it stands. */
  public Tab tab(ChannelId id) {
    Tab tab = tabs.get(id);
    if (tab == null) {
      throw new AssertionError("no tab of " + id);
    }
    return tab;
  }

  /** What another gateway on this ledger would have to say is said to this one. */
  public Listener news() {
    return Objects.requireNonNull(listener);
  }

  /** What was demanded of payers whose sockets are on another gateway. */
  public List<Amount> demands() {
    return demands;
  }

  @Override
  public NodeId node() {
    if (down) {
      throw new LedgerUnavailable("down for a test");
    }
    return NODE;
  }

  /** Whether other gateways are said to be on this ledger, and whether one of them leads. */
  public void shared(boolean isShared, boolean isLed) {
    shared = isShared;
    led = isLed;
  }

  @Override
  public boolean leads() {
    return !led;
  }

  @Override
  public boolean isShared() {
    return shared;
  }

  @Override
  public void listen(Listener hearing) {
    listener = hearing;
  }

  @Override
  public void demand(ChannelId channelId, Amount required) {
    demands.add(required);
  }

  public boolean knows(ChannelId id) {
    return tabs.containsKey(id);
  }

  @Override
  public <R> CompletionStage<R> apply(ChannelId id, Transition<R> transition) {
    CompletableFuture<R> answer = new CompletableFuture<>();
    thread.execute(() -> run(id, transition, answer));
    return answer;
  }

  private <R> void run(ChannelId id, Transition<R> transition, CompletableFuture<R> answer) {
    if (down) {
      answer.completeExceptionally(new LedgerUnavailable("down for a test"));
      return;
    }
    try {
      Step<R> step = transition.apply(tabs.get(id));
      if (step.tab() != null) {
        tabs.put(id, step.tab());
      }
      answer.complete(step.answer());
    } catch (RuntimeException e) {
      answer.completeExceptionally(e);
    }
  }

  @Override
  public CompletionStage<List<Tab>> tabs(@Nullable ChannelId after, int limit) {
    CompletableFuture<List<Tab>> page = new CompletableFuture<>();
    thread.execute(
        () -> {
          if (down) {
            page.completeExceptionally(new LedgerUnavailable("down for a test"));
          } else {
            var from = after == null ? tabs : tabs.tailMap(after, false);
            page.complete(from.values().stream().limit(limit).toList());
          }
        });
    return page;
  }

  @Override
  public Notes notes() {
    return notes;
  }

  @Override
  public void close() {
    releases.release(1_000);
    thread.shutdown();
  }
}
