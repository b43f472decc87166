package io.tollstream.gateway.payer;

import io.tollstream.metering.StreamMeter;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;

/**
 * One response that is paid for: what it has used, counted as the gateway's meter counts, and what
 * is still to come.
 */
final class PaidStream {
  /** What is to come of a body whose length no header tells. */
  static final long UNKNOWN = Long.MAX_VALUE;

  private final Tariff tariff;
  private long remaining;
  private boolean flowing;
  private long flowedAtMillis;

  /**
   * @param expected quanta to expect before the response's head tells
   */
  PaidStream(Tariff tariff, long expected) {
    this.tariff = tariff;
    this.remaining = expected;
  }

  Tariff tariff() {
    return tariff;
  }

  /** Quanta still to come, or {@link #UNKNOWN}. */
  long remaining() {
    return remaining;
  }

  /** The head is here: the body has this many bytes, or {@link #UNKNOWN}. */
  void begins(long bodyBytes) {
    remaining = isTimed() ? UNKNOWN : bodyBytes;
  }

  /** Counts bytes that came, and tells how many quanta they are. */
  long received(int bytes, long nowMillis) {
    long quanta = isTimed() ? elapsed(nowMillis) : bytes;
    if (remaining != UNKNOWN) {
      remaining = Math.max(0, remaining - quanta);
    }
    return quanta;
  }

  private long elapsed(long nowMillis) {
    long gap = Math.max(0, Math.min(StreamMeter.MAX_GAP_MILLIS, nowMillis - flowedAtMillis));
    flowedAtMillis = nowMillis;
    if (!flowing) {
      flowing = true;
      return 1;
    }
    return gap;
  }

  private boolean isTimed() {
    return tariff.unit().kind() == TariffUnit.Kind.TIME;
  }
}
