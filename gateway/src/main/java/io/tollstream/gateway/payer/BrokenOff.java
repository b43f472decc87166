package io.tollstream.gateway.payer;

import io.tollstream.metering.Amount;

/**
 * What is charged for bodies that the payer itself broke off, and never comes: a gateway charges
 * what it sends, and what is under way when a player seeks is lost. Without writing it off, a few
 * dozen seeks would use a channel's window up for good.
 *
 * <p>A claim alone is worth nothing here. Written off is only what the gateway charges, of what was
 * authorized and had not come when a body was broken off, of what the buffers between two machines
 * can hold; and in all never more than came and one window.
 */
final class BrokenOff {
  /** The most bytes under way of one body: the buffers of two machines, and a chunk. */
  static final long UNDER_WAY_BYTES = 8L << 20;

  private Amount possible;

  /**
   * @param before what was lost in earlier runs
   */
  BrokenOff(Amount before) {
    this.possible = before;
  }

  /**
   * A body was broken off here.
   *
   * @param unserved what is authorized and has not come, earlier losses included
   * @param underWay the cost of the most that can have been under way
   */
  void add(Amount unserved, Amount underWay) {
    possible = possible.max(unserved.min(possible.plusOrMax(underWay)));
  }

  /** Whether this explains most of what is authorized and has not come. */
  boolean explains(Amount unserved) {
    return !unserved.exceeds(possible.plusOrMax(possible));
  }

  /**
   * What to write off.
   *
   * @param account what was received and what the gateway claims
   * @param most the cost of what was received and one window
   */
  Amount of(ChannelAccount account, Amount most) {
    return account.claimed().minusOrZero(account.cost()).min(possible).min(most);
  }
}
