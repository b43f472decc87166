package io.tollstream.gateway.payment;

import io.tollstream.channels.Chain;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Result;
import io.tollstream.channels.Tab;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of a channel whose payer is leaving: it is redeemed at once, and a close that was
 * cut short is taken up again.
 */
final class Departures {
  private static final Logger LOG = LoggerFactory.getLogger(Departures.class);

  /** Longer than a gateway waits for a transaction; a quarter of the shortest grace period. */
  static final long TAKE_OVER_NANOS = TimeUnit.SECONDS.toNanos(150);

  /** Filecoin nodes keep at most 100 pending transactions of one sender. */
  static final int MAX_CLOSING = 64;

  private final Tabs tabs;
  private final Payments payments;
  private final LongSupplier nanoClock;
  private final Map<ChannelId, Long> leavingSince = new ConcurrentHashMap<>();

  Departures(Tabs tabs, Payments payments, LongSupplier nanoClock) {
    this.tabs = tabs;
    this.payments = payments;
    this.nanoClock = nanoClock;
  }

  /**
   * Redeems if that is due. Of several gateways that see a payer leave, the leader redeems at once;
   * the others, or the leader where another has begun to close, only once that one must have given
   * up: a close is not to be sent twice, and it must not depend on one gateway either.
   *
   * @param tab as it stands with what its chain said last
   * @return whether its payer is leaving, so that it must be seen again soon
   */
  boolean saw(Chain chain, Tab tab) {
    if (!isLeaving(tab)) {
      leavingSince.remove(tab.id());
      return false;
    }
    long now = nanoClock.getAsLong();
    long seenFor = now - leavingSince.computeIfAbsent(tab.id(), first -> now);
    boolean oursToBegin = tabs.leads() && tab.phase() instanceof Tab.Phase.Disputed;
    if (oursToBegin || !tabs.isShared() || seenFor >= TAKE_OVER_NANOS) {
      redeem(chain, tab.id());
    }
    return true;
  }

  private static boolean isLeaving(Tab tab) {
    return tab.phase() instanceof Tab.Phase.Closing
        || (tab.phase() instanceof Tab.Phase.Disputed && tab.redeemable() != null);
  }

  /** Not waited for: who leaves next must not wait for the transaction of who left first. */
  private void redeem(Chain chain, ChannelId id) {
    Set<ChannelId> closing = payments.closing();
    if (closing.contains(id) || closing.size() >= MAX_CLOSING) {
      return;
    }
    payments
        .redeem(chain, id, null)
        .onSuccess(
            result -> {
              if (result instanceof Result.Refused<Payments.Paid> refused) {
                LOG.warn("Channel {} was not redeemed: {}", id, refused.refusal());
              }
            })
        .onFailure(failure -> LOG.warn("Channel {} was not redeemed", id, failure));
  }
}
