package io.tollstream.deploy;

import java.util.Arrays;

/** Measured times, in order of size. */
final class Latencies {
  private final long[] sortedNanos;

  Latencies(long[] nanos) {
    sortedNanos = nanos.clone();
    Arrays.sort(sortedNanos);
  }

  int count() {
    return sortedNanos.length;
  }

  /** The time that so many per cent of the samples do not exceed, in milliseconds. */
  double percentileMillis(int percent) {
    int rank = (int) Math.ceil(sortedNanos.length * percent / 100.0);
    return sortedNanos[Math.max(rank, 1) - 1] / 1e6;
  }
}
