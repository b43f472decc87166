package io.tollstream.channels.evm;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * The highest number of a block that anybody has told of lately. It only ever rises, so that a
 * replica that lags cannot take us back in time; what nobody has confirmed for a while is
 * forgotten, so that a chain which did become shorter is followed.
 */
final class Heads {
  static final long REMEMBERED_NANOS = Duration.ofMinutes(1).toNanos();

  private final LongSupplier nanoTime;
  private long highest;
  private long toldNanos;

  Heads(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.toldNanos = nanoTime.getAsLong() - REMEMBERED_NANOS;
  }

  /** The highest number, this one counted. */
  synchronized long told(long number) {
    long now = nanoTime.getAsLong();
    if (number >= highest || now - toldNanos >= REMEMBERED_NANOS) {
      highest = number;
      toldNanos = now;
    }
    return highest;
  }

  /** The highest number that is remembered. */
  synchronized long highest() {
    return nanoTime.getAsLong() - toldNanos < REMEMBERED_NANOS ? highest : 0;
  }
}
