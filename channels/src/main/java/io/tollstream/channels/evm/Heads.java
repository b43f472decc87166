package io.tollstream.channels.evm;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * The highest number of a block that anybody has told of lately. It only ever rises, so that a
 * replica that lags cannot take us back in time; what nobody has confirmed for a while is
 * forgotten, so that a chain which did become shorter is followed.
 */
final class Heads {
  /** So many looks at a chain are longer than two of its blocks, which a node may be behind. */
  private static final int REMEMBERED_LOOKS = 60;

  private static final Duration LEAST_REMEMBERED = Duration.ofSeconds(2);
  private static final Duration MOST_REMEMBERED = Duration.ofMinutes(2);

  private final long rememberedNanos;
  private final LongSupplier nanoTime;
  private long highest;
  private long toldNanos;

  Heads(EvmNetwork network, LongSupplier nanoTime) {
    this.rememberedNanos = remembered(network).toNanos();
    this.nanoTime = nanoTime;
    this.toldNanos = nanoTime.getAsLong() - rememberedNanos;
  }

  /** For how long a number that nobody tells again is remembered. */
  static Duration remembered(EvmNetwork network) {
    Duration looks = network.pollInterval().multipliedBy(REMEMBERED_LOOKS);
    Duration atLeast = looks.compareTo(LEAST_REMEMBERED) < 0 ? LEAST_REMEMBERED : looks;
    return atLeast.compareTo(MOST_REMEMBERED) > 0 ? MOST_REMEMBERED : atLeast;
  }

  /** The highest number, this one counted. */
  synchronized long told(long number) {
    long now = nanoTime.getAsLong();
    if (number >= highest || now - toldNanos >= rememberedNanos) {
      highest = number;
      toldNanos = now;
    }
    return highest;
  }

  /** The highest number that is remembered. */
  synchronized long highest() {
    return nanoTime.getAsLong() - toldNanos < rememberedNanos ? highest : 0;
  }
}
