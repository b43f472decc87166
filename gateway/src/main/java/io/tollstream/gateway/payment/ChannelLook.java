package io.tollstream.gateway.payment;

import io.tollstream.channels.Chain;
import io.tollstream.channels.Channel;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Tab;
import io.tollstream.metering.Amount;
import io.vertx.core.Future;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One look at a channel on its chain: what the chain says goes to the tab. */
final class ChannelLook {
  private static final Logger LOG = LoggerFactory.getLogger(ChannelLook.class);

  /** How things are after a look. */
  enum Outcome {
    /** The tab is as the chain has it. */
    DONE,
    /** The payer is leaving. */
    LEAVING,
    /** The chain, or a node that lags, has taken a deposit back. */
    LOST,
    /** The chain could not be asked. */
    UNREAD
  }

  private final Tabs tabs;
  private final Departures departures;
  private final Map<Escrow, Chain> chains;

  ChannelLook(Tabs tabs, Departures departures, Map<Escrow, Chain> chains) {
    this.tabs = tabs;
    this.departures = departures;
    this.chains = chains;
  }

  /**
   * Looks.
   *
   * @return failed where the ledger could not take over what was seen
   */
  Future<Outcome> at(Tab tab) {
    Chain chain = chains.get(tab.channel().escrow());
    if (chain == null) {
      LOG.warn("Channel {} is on an escrow that is not configured any more", tab.id());
      return Future.succeededFuture(Outcome.DONE);
    }
    return Payments.of(chain.read(tab.id())).compose(read -> heard(chain, tab, read));
  }

  private Future<Outcome> heard(Chain chain, Tab tab, Result<Channel> read) {
    if (read instanceof Result.Ok<Channel> ok) {
      return seen(chain, tab, ok.value());
    }
    Refusal refusal = ((Result.Refused<Channel>) read).refusal();
    if (refusal instanceof Refusal.ChannelNotFound) {
      return seen(chain, tab, emptied(tab.channel())).map(Outcome.LOST);
    }
    LOG.warn("Channel {} cannot be looked up on its chain: {}", tab.id(), refusal);
    return Future.succeededFuture(Outcome.UNREAD);
  }

  /** A channel that its chain does not know: nothing is sold on it. */
  private static Channel emptied(Channel last) {
    return last.reading(Amount.ZERO, Amount.ZERO, last.closeRequestedAt(), last.finalized());
  }

  private Future<Outcome> seen(Chain chain, Tab tab, Channel channel) {
    boolean lost = tab.channel().deposit().exceeds(channel.deposit());
    if (lost) {
      tellLoss(tab, channel.deposit());
    }
    return observed(tab, channel)
        .map(
            result -> {
              boolean leaving =
                  result instanceof Result.Ok<Tab> ok && departures.saw(chain, ok.value());
              return leaving ? Outcome.LEAVING : lost ? Outcome.LOST : Outcome.DONE;
            });
  }

  private Future<Result<Tab>> observed(Tab tab, Channel channel) {
    if (tab.phase() instanceof Tab.Phase.Closed && !channel.finalized()) {
      LOG.error("Channel {} was closed, and is not any more: it is closed again", tab.id());
      return tabs.observeAgain(channel);
    }
    return channel.equals(tab.channel())
        ? Future.succeededFuture(Result.ok(tab))
        : tabs.observe(channel);
  }

  /**
   * Deposits only ever grow: a smaller one was taken back by a reorganised chain, or is what a node
   * that lags remembers. Should it come back, it is sold on again.
   */
  private static void tellLoss(Tab tab, Amount left) {
    LOG.error(
        "The chain took back {} base units of the deposit of channel {}: {} that were spent are at"
            + " risk",
        tab.channel().deposit().minus(left),
        tab.id(),
        tab.spent().minusOrZero(left));
  }
}
