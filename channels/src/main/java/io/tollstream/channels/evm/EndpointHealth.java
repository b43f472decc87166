package io.tollstream.channels.evm;

import io.tollstream.channels.evm.ChainHealth.Failure;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * What is remembered of an endpoint's failures. Each puts it on probation, during which the others
 * are asked before it: longer each time it fails again after one, until it has worked after one.
 */
final class EndpointHealth {
  static final long FIRST_PROBATION_NANOS = Duration.ofSeconds(2).toNanos();
  static final long MAX_PROBATION_NANOS = Duration.ofMinutes(2).toNanos();

  /** Whoever wants to be left alone for longer is asked all the same: he may be the only one. */
  static final long MAX_RETRY_AFTER_NANOS = Duration.ofSeconds(30).toNanos();

  private final LongSupplier nanoTime;
  private long failures;
  private Failure lastFailure = Failure.NONE;
  private long probationNanos;
  private long demotedUntil;
  private long silentUntil;
  private long lagBlocks;

  EndpointHealth(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.demotedUntil = nanoTime.getAsLong();
    this.silentUntil = demotedUntil;
  }

  synchronized void worked() {
    if (!isDemoted()) {
      probationNanos = 0;
    }
  }

  synchronized void failed(Failure kind) {
    failures++;
    lastFailure = kind;
    if (!isDemoted()) {
      probationNanos =
          Math.min(MAX_PROBATION_NANOS, Math.max(FIRST_PROBATION_NANOS, probationNanos * 2));
      demotedUntil = nanoTime.getAsLong() + probationNanos;
    }
  }

  /** It has said for how long it does not want to be asked. */
  synchronized void limited(Duration retryAfter) {
    long nanos = Math.min(retryAfter.toNanos(), MAX_RETRY_AFTER_NANOS);
    silentUntil = nanoTime.getAsLong() + nanos;
  }

  synchronized void lags(long blocks) {
    lagBlocks = blocks;
  }

  synchronized boolean isDemoted() {
    return nanoTime.getAsLong() - demotedUntil < 0;
  }

  /** Whether it is not to be asked at all. */
  synchronized boolean isSilent() {
    return nanoTime.getAsLong() - silentUntil < 0;
  }

  synchronized ChainHealth.Endpoint snapshot() {
    return new ChainHealth.Endpoint(failures, lastFailure, lagBlocks, isDemoted() || isSilent());
  }
}
