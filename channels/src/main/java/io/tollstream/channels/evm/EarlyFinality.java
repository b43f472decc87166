package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.metering.Amount;

/**
 * Which deposits count before they are final, at the payee's risk. What a channel has in blocks
 * that are not final is one deposit here, of however many transactions.
 *
 * @param token whose base units the amounts are in; no other token's deposits count early
 * @param confirmations blocks, the deposit's own counted, after which it does
 * @param maxDeposit the most that does in one channel
 * @param maxAtRisk the most that does in all channels together
 */
public record EarlyFinality(Address token, int confirmations, Amount maxDeposit, Amount maxAtRisk) {
  /**
   * A rule.
   *
   * @throws IllegalArgumentException if confirmations are below 1, or more may count in one channel
   *     than in all
   */
  public EarlyFinality {
    if (confirmations < 1) {
      throw new IllegalArgumentException("confirmations must be at least 1");
    }
    if (maxDeposit.exceeds(maxAtRisk)) {
      throw new IllegalArgumentException("maxDeposit must not be above maxAtRisk");
    }
  }

  /** The newest block that has the confirmations, where the chain's newest has this number. */
  long blockBefore(long newest) {
    return Math.max(0, newest - (confirmations - 1));
  }
}
