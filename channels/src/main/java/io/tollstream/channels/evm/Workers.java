package io.tollstream.channels.evm;

import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The threads that wait for the chain, so that no caller's does. Between two looks at a transaction
 * none is held; how much may wait is bounded, and what is beyond is refused at once.
 */
final class Workers implements AutoCloseable {
  static final int MAX_QUEUED = 1024;
  static final int MAX_WAITS = 512;
  private static final Duration MAX_INTERVAL = Duration.ofSeconds(5);
  private static final int CLOSE_SECONDS = 5;

  private static final Refusal OVERLOADED =
      new Refusal.Unavailable("the chain client takes no more calls");

  /** Blocking work that may find no endpoint. */
  @FunctionalInterface
  interface Task<T> {
    Result<T> call() throws RpcFailure;
  }

  /** A look at something that may not have happened yet. */
  @FunctionalInterface
  interface Look<T> {
    @Nullable Result<T> look() throws RpcFailure;
  }

  private final ThreadPoolExecutor executor;
  private final Semaphore waits = new Semaphore(MAX_WAITS);

  Workers(String name, int threads) {
    AtomicInteger number = new AtomicInteger();
    executor =
        new ThreadPoolExecutor(
            threads,
            threads,
            30,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MAX_QUEUED),
            task -> {
              Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    executor.allowCoreThreadTimeOut(true);
  }

  /** Runs a task on a thread of ours; a failure of the RPC becomes a refusal. */
  <T> CompletionStage<Result<T>> run(Task<T> task) {
    Once<T> once = new Once<>(task);
    execute(once);
    return once.done;
  }

  /** Looks, at growing intervals, until there is something to see or the time is up. */
  <T> CompletionStage<Result<T>> poll(EvmNetwork network, Look<T> look, Supplier<Refusal> timeUp) {
    if (!waits.tryAcquire()) {
      return CompletableFuture.completedStage(
          Result.refused(new Refusal.Unavailable("too many transactions are being waited for")));
    }
    Wait<T> wait = new Wait<>(network, look, timeUp);
    execute(wait);
    return wait.done.whenComplete((result, failure) -> waits.release());
  }

  /** Goes on with the value, or passes the refusal through. */
  static <T, R> CompletionStage<Result<R>> then(
      CompletionStage<Result<T>> stage, Function<T, CompletionStage<Result<R>>> next) {
    return stage.thenCompose(
        result -> {
          if (result instanceof Result.Ok<T> ok) {
            return next.apply(ok.value());
          }
          return CompletableFuture.completedStage(
              Result.refused(((Result.Refused<T>) result).refusal()));
        });
  }

  private void execute(Job job) {
    try {
      executor.execute(job);
    } catch (RejectedExecutionException full) {
      job.abandon();
    }
  }

  @Override
  public void close() {
    executor.shutdown();
    try {
      if (executor.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    executor.shutdownNow().forEach(job -> ((Job) job).abandon());
  }

  /** Work that gives its answer even when it never gets a thread. */
  private abstract static class Job implements Runnable {
    abstract void abandon();
  }

  private static final class Once<T> extends Job {
    private final CompletableFuture<Result<T>> done = new CompletableFuture<>();
    private final Task<T> task;

    Once(Task<T> task) {
      this.task = task;
    }

    @Override
    public void run() {
      try {
        done.complete(task.call());
      } catch (RpcFailure failure) {
        done.complete(Result.refused(failure.toRefusal()));
      } catch (RuntimeException | Error bug) {
        done.completeExceptionally(bug);
      }
    }

    @Override
    void abandon() {
      done.complete(Result.refused(OVERLOADED));
    }
  }

  /** A look that repeats itself. */
  private final class Wait<T> extends Job {
    private final CompletableFuture<Result<T>> done = new CompletableFuture<>();
    private final Look<T> look;
    private final Supplier<Refusal> timeUp;
    private final long deadlineNanos;
    private long intervalMillis;

    Wait(EvmNetwork network, Look<T> look, Supplier<Refusal> timeUp) {
      this.look = look;
      this.timeUp = timeUp;
      this.deadlineNanos = System.nanoTime() + network.transactionTimeout().toNanos();
      this.intervalMillis = Math.max(1, network.pollInterval().toMillis());
    }

    @Override
    public void run() {
      try {
        Result<T> seen = look.look();
        if (seen == null) {
          pause(timeUp);
        } else {
          done.complete(seen);
        }
      } catch (RpcFailure failure) {
        pause(failure::toRefusal);
      } catch (RuntimeException | Error bug) {
        done.completeExceptionally(bug);
      }
    }

    private void pause(Supplier<Refusal> timeUp) {
      if (System.nanoTime() - deadlineNanos >= 0) {
        done.complete(Result.refused(timeUp.get()));
        return;
      }
      long millis = intervalMillis;
      intervalMillis = Math.min(millis + millis / 2 + 1, MAX_INTERVAL.toMillis());
      CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS, Runnable::run)
          .execute(() -> execute(this));
    }

    @Override
    void abandon() {
      done.complete(Result.refused(OVERLOADED));
    }
  }
}
