package io.tollstream.gateway.payer;

/**
 * How far ahead of what was received the payer pays, in quanta (bytes, or milliseconds). It starts
 * at two of the server's first chunks for every stream, and follows the measured speed: half of it
 * must last for a tenth of a second and for a voucher's way, so that a fast stream needs few
 * signatures and a distant one is not kept waiting.
 *
 * <p>Until a server has delivered its first chunk it gets no more than those two, whatever it
 * demands. Not thread-safe.
 */
final class Window {
  /** Time over which speed is measured. */
  private static final long SAMPLE_MILLIS = 50;

  /** A window lasts this long and twice a voucher's way at the measured speed, at least. */
  private static final long AHEAD_MILLIS = 250;

  private static final int START_CHUNKS = 2;

  /** Smoothing of a voucher's way, and of a speed that falls: this many old parts to one new. */
  private static final long INERTIA = 3;

  private final long chunk;
  private final long cap;
  private long perSecond;
  private long roundTripMillis;
  private long delivered;
  private long sampled;
  private long sampleStartMillis = Long.MIN_VALUE;

  /**
   * @param chunk the server's first chunk
   * @param delivered what the server has delivered on this channel before
   * @param cap the widest window allowed
   */
  Window(long chunk, long delivered, long cap) {
    this.chunk = Math.max(1, Math.min(chunk, cap));
    this.delivered = delivered;
    this.cap = cap;
  }

  /** How far ahead to pay for this many streams. */
  long quanta(int streams) {
    long ahead = Math.min(cap, perSecond) * (AHEAD_MILLIS + 2 * roundTripMillis) / 1_000;
    return Math.min(limit(streams), Math.max(start(streams), ahead));
  }

  /** How far ahead a demand may bring the payer. */
  long limit(int streams) {
    return delivered < chunk ? start(streams) : cap;
  }

  private long start(int streams) {
    return Math.min(cap, chunk * START_CHUNKS * Math.max(1, Math.min(streams, 1 << 10)));
  }

  void received(long quanta, long nowMillis) {
    delivered += quanta;
    if (sampleStartMillis == Long.MIN_VALUE) {
      sampleStartMillis = nowMillis;
    }
    sampled += quanta;
    long elapsed = nowMillis - sampleStartMillis;
    if (elapsed >= SAMPLE_MILLIS) {
      measured(Math.multiplyExact(Math.min(sampled, 1L << 50), 1_000L) / elapsed);
      sampled = 0;
      sampleStartMillis = nowMillis;
    }
  }

  private void measured(long speed) {
    perSecond = speed >= perSecond ? speed : (INERTIA * perSecond + speed) / (INERTIA + 1);
  }

  /** A voucher was acknowledged this long after it was sent. */
  void acknowledged(long millis) {
    long bounded = Math.max(0, Math.min(millis, 10_000));
    roundTripMillis =
        roundTripMillis == 0 ? bounded : (INERTIA * roundTripMillis + bounded) / (INERTIA + 1);
  }
}
