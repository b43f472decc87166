package io.tollstream.metering;

/**
 * How a stream reserves and how long it waits. Chunks start small, so that a stranger's exposure
 * does, and grow by half with every one paid, so that a fast stream needs few reservations.
 *
 * @param firstChunkQuanta the first reservation, in bytes or milliseconds, above zero
 * @param maxChunkQuanta the largest reservation, not below the first; only {@link
 *     StreamMeter#MAX_GAP_MILLIS} on a time tariff may exceed it
 * @param windowChunks how many present chunks of credit a payer is asked to keep ahead; at least 2
 * @param startHoldMillis how long a stream may wait for credit before its first byte
 * @param holdMillis how long a stream may wait for credit after its first byte
 */
public record MeterPolicy(
    long firstChunkQuanta,
    long maxChunkQuanta,
    int windowChunks,
    long startHoldMillis,
    long holdMillis) {

  /** The longest hold that can be set: 24 hours. */
  public static final long MAX_HOLD_MILLIS = 86_400_000;

  /** The policy of a byte tariff: 256 KiB to 4 MiB, four chunks ahead, 8 s and 30 s. */
  public static final MeterPolicy BYTES = new MeterPolicy(256 << 10, 4 << 20, 4, 8_000, 30_000);

  /** The policy of a time tariff: 1 s to 10 s, four chunks ahead, 8 s and 30 s. */
  public static final MeterPolicy TIME = new MeterPolicy(1_000, 10_000, 4, 8_000, 30_000);

  /**
   * @throws IllegalArgumentException if a value is out of the range its parameter names
   */
  public MeterPolicy {
    require(firstChunkQuanta > 0, "firstChunkQuanta must be above zero");
    require(maxChunkQuanta >= firstChunkQuanta, "maxChunkQuanta must not be below the first chunk");
    require(maxChunkQuanta <= 1L << 40, "maxChunkQuanta must not be above 2^40");
    require(windowChunks >= 2 && windowChunks <= 64, "windowChunks must be from 2 to 64");
    require(isHold(startHoldMillis), "startHoldMillis must be from 0 to 24 hours");
    require(isHold(holdMillis), "holdMillis must be from 0 to 24 hours");
  }

  /** The chunk after one of {@code chunkQuanta} that was paid. */
  long chunkAfter(long chunkQuanta) {
    return Math.min(maxChunkQuanta, chunkQuanta + (chunkQuanta + 1) / 2);
  }

  private static boolean isHold(long millis) {
    return millis >= 0 && millis <= MAX_HOLD_MILLIS;
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }
}
