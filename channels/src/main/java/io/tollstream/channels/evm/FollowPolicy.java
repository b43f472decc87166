package io.tollstream.channels.evm;

/**
 * How an escrow's events are followed.
 *
 * @param reorgDepth how many of the newest blocks are read again each time: the deepest
 *     reorganisation that is followed event by event; a deeper one has every channel looked at
 * @param logWindow the most blocks that an endpoint is asked for at once
 * @param lookbackBlocks how far back events are read after an outage; after a longer one every
 *     channel is looked at instead
 */
public record FollowPolicy(int reorgDepth, int logWindow, long lookbackBlocks) {
  public static final int MAX_REORG_DEPTH = 1_000;
  public static final int MAX_LOG_WINDOW = 100_000;
  public static final long MAX_LOOKBACK_BLOCKS = 1_000_000;

  /** What public nodes of Filecoin allow: windows of 2,000 blocks, a day of 2,880. */
  public static final FollowPolicy DEFAULT = new FollowPolicy(20, 2_000, 2_880);

  /**
   * A policy.
   *
   * @throws IllegalArgumentException if a number is out of bounds, or what is read again each time
   *     does not fit into the lookback
   */
  public FollowPolicy {
    require(reorgDepth >= 1 && reorgDepth <= MAX_REORG_DEPTH, "reorgDepth", MAX_REORG_DEPTH);
    require(logWindow >= 1 && logWindow <= MAX_LOG_WINDOW, "logWindow", MAX_LOG_WINDOW);
    require(
        lookbackBlocks >= 1 && lookbackBlocks <= MAX_LOOKBACK_BLOCKS,
        "lookbackBlocks",
        MAX_LOOKBACK_BLOCKS);
    if (lookbackBlocks < reorgDepth) {
      throw new IllegalArgumentException("lookbackBlocks must be at least reorgDepth");
    }
  }

  private static void require(boolean valid, String name, long most) {
    if (!valid) {
      throw new IllegalArgumentException(name + " must be from 1 to " + most);
    }
  }
}
