package io.tollstream.gateway.payment;

import io.tollstream.channels.Chain;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Result;
import io.tollstream.channels.Tab;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads every channel that is not finalized from its chain, one after the other, round after round:
 * what the chain says goes to the tab, a channel whose payer is leaving is redeemed at once, and a
 * close that was cut short is taken up again.
 */
public final class ChannelWatch {
  private static final Logger LOG = LoggerFactory.getLogger(ChannelWatch.class);
  private static final int PAGE = 64;

  /** Filecoin nodes keep at most 100 pending transactions of one sender. */
  private static final int MAX_CLOSING = 64;

  private final Tabs tabs;
  private final Payments payments;
  private final Map<Escrow, Chain> chains = new HashMap<>();

  ChannelWatch(Tabs tabs, Payments payments, Collection<Offer> offers) {
    this.tabs = tabs;
    this.payments = payments;
    offers.forEach(offer -> chains.put(offer.terms().escrow(), offer.protocol().chain()));
  }

  /** Starts the rounds, {@code pauseMillis} from the end of one to the start of the next. */
  public void start(Vertx vertx, long pauseMillis) {
    vertx.setTimer(
        pauseMillis,
        now ->
            round()
                .onFailure(failure -> LOG.warn("A round over the channels failed", failure))
                .onComplete(done -> start(vertx, pauseMillis)));
  }

  /** Looks at every channel once. */
  public Future<Void> round() {
    return page(null);
  }

  private Future<Void> page(@Nullable ChannelId after) {
    return tabs.page(after, PAGE)
        .compose(
            page -> {
              Future<Void> looked = Future.succeededFuture();
              for (Tab tab : page) {
                looked = looked.compose(done -> look(tab));
              }
              return looked.compose(
                  done -> page.size() < PAGE ? Future.succeededFuture() : page(lastOf(page)));
            });
  }

  private static ChannelId lastOf(List<Tab> page) {
    return page.get(page.size() - 1).id();
  }

  private Future<Void> look(Tab tab) {
    Chain chain = chains.get(tab.channel().escrow());
    if (chain == null || tab.phase() instanceof Tab.Phase.Closed) {
      return Future.succeededFuture();
    }
    return Payments.of(chain.read(tab.id()))
        .compose(
            read ->
                read instanceof Result.Ok<Channel> ok
                    ? seen(chain, tab, ok.value())
                    : Future.succeededFuture());
  }

  private Future<Void> seen(Chain chain, Tab tab, Channel channel) {
    Future<Result<Tab>> observed =
        channel.equals(tab.channel())
            ? Future.succeededFuture(Result.ok(tab))
            : tabs.observe(channel);
    return observed
        .onSuccess(
            result -> {
              if (result instanceof Result.Ok<Tab> ok && isLeaving(ok.value())) {
                redeem(chain, ok.value().id());
              }
            })
        .mapEmpty();
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
