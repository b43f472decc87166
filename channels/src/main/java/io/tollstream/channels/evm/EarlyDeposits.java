package io.tollstream.channels.evm;

import io.tollstream.channels.ChannelId;
import io.tollstream.metering.Amount;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Decides what counts of deposits that are not final, within {@link EarlyFinality}, and knows what
 * is at risk for it. It is asked at every read and keeps nothing that the chain does not say again:
 * what counted goes on counting while it is on the chain, and leaves the sum once it is final or
 * gone. After a restart the first to be read are the first to count.
 */
final class EarlyDeposits {
  /** Beyond it, deposits wait. */
  static final int MAX_CHANNELS = 4_096;

  private final EarlyFinality rule;
  private final Map<ChannelId, Grant> grants = new HashMap<>();

  EarlyDeposits(EarlyFinality rule) {
    this.rule = rule;
  }

  /**
   * What counts of a channel though it is not final.
   *
   * @param total of the channel's deposit
   * @param block that it stands in at the latest: when that is final, nothing is at risk any more
   */
  private record Grant(Amount total, Amount finalDeposit, long block) {
    Amount atRisk() {
      return total.minusOrZero(finalDeposit);
    }
  }

  /**
   * A channel's deposit as two blocks have it.
   *
   * @param finalDeposit in the final one, zero where that does not know the channel
   * @param deposit in the other, which is not final
   */
  record Sight(
      ChannelId channelId, Amount finalDeposit, long finalBlock, Amount deposit, long block) {
    Amount pending() {
      return deposit.minusOrZero(finalDeposit);
    }
  }

  /** How much of the channel's deposit counts. */
  synchronized Amount counted(Sight sight) {
    grants.values().removeIf(grant -> grant.block() <= sight.finalBlock());
    Grant old = grants.remove(sight.channelId());
    Amount total = isWithinBounds(sight) ? sight.deposit() : kept(old, sight);
    if (total.exceeds(sight.finalDeposit())) {
      grants.put(sight.channelId(), new Grant(total, sight.finalDeposit(), sight.block()));
    }
    return total.max(sight.finalDeposit());
  }

  private static Amount kept(@Nullable Grant old, Sight sight) {
    return old == null ? sight.finalDeposit() : old.total().min(sight.deposit());
  }

  private boolean isWithinBounds(Sight sight) {
    return grants.size() < MAX_CHANNELS
        && !sight.pending().exceeds(rule.maxDeposit())
        && !atRisk().plusOrMax(sight.pending()).exceeds(rule.maxAtRisk());
  }

  /** What counts in all channels and is not final, in base units. */
  synchronized Amount atRisk() {
    return grants.values().stream().map(Grant::atRisk).reduce(Amount.ZERO, Amount::plusOrMax);
  }
}
