package io.tollstream.channels.ledger;

import io.tollstream.channels.LedgerUnavailable;
import io.vertx.core.Future;
import io.vertx.pgclient.PgException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** How a thread of the ledger's own waits for what an event loop does. */
final class Waits {
  private Waits() {}

  /**
   * The result, once it is there. An interrupt does not end the wait: what was asked for is under
   * way at the server, whoever has lost interest.
   *
   * @throws PgException if the server refused
   * @throws LedgerUnavailable if there was no answer, or none in time
   */
  static <T> T await(Future<T> future, Duration limit) {
    CompletableFuture<T> result = future.toCompletionStage().toCompletableFuture();
    long end = System.nanoTime() + limit.toNanos();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return result.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (TimeoutException e) {
      throw new LedgerUnavailable("PostgreSQL has not answered for " + limit.toMillis() + " ms", e);
    } catch (ExecutionException e) {
      throw refusal(e.getCause() == null ? e : e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static RuntimeException refusal(Throwable cause) {
    return cause instanceof PgException refused
        ? refused
        : new LedgerUnavailable("PostgreSQL cannot be reached: " + cause.getMessage(), cause);
  }
}
