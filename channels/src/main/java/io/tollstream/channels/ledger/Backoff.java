package io.tollstream.channels.ledger;

import java.time.Duration;
import java.util.function.LongSupplier;

/** When to try again what fails: at first soon, then less and less often. Used by one thread. */
final class Backoff {
  private static final long FIRST_NANOS = Duration.ofMillis(50).toNanos();
  private static final long LONGEST_NANOS = Duration.ofSeconds(2).toNanos();

  private final LongSupplier clock;
  private long pauseNanos;
  private long failedAt;

  /**
   * Nothing has failed yet.
   *
   * @param clock nanoseconds since whenever
   */
  Backoff(LongSupplier clock) {
    this.clock = clock;
  }

  /** How long to wait before the next attempt; zero or less for not at all. */
  long remainingNanos() {
    return pauseNanos - (clock.getAsLong() - failedAt);
  }

  void failed() {
    pauseNanos = Math.min(LONGEST_NANOS, Math.max(FIRST_NANOS, 2 * pauseNanos));
    failedAt = clock.getAsLong();
  }

  void succeeded() {
    pauseNanos = 0;
  }
}
