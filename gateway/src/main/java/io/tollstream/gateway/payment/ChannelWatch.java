package io.tollstream.gateway.payment;

import io.tollstream.channels.Chain;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Tab;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads every channel that is not finalized from its chain, some at a time, round after round: what
 * the chain says goes to the tab, a channel whose payer is leaving is redeemed at once, and a close
 * that was cut short is taken up again.
 */
public final class ChannelWatch {
  private static final Logger LOG = LoggerFactory.getLogger(ChannelWatch.class);
  private static final int PAGE = 64;

  /** Channels read from their chain at the same time. */
  private static final int AT_ONCE = 16;

  /** Longer than a gateway waits for a transaction; a quarter of the shortest grace period. */
  static final long TAKE_OVER_NANOS = TimeUnit.SECONDS.toNanos(150);

  /** Filecoin nodes keep at most 100 pending transactions of one sender. */
  static final int MAX_CLOSING = 64;

  private final Tabs tabs;
  private final Payments payments;
  private final Map<Escrow, Chain> chains = new HashMap<>();
  private final Map<ChannelId, Long> leavingSince = new ConcurrentHashMap<>();
  private final LongSupplier nanoClock;

  ChannelWatch(Tabs tabs, Payments payments, Collection<Offer> offers) {
    this(tabs, payments, offers, System::nanoTime);
  }

  ChannelWatch(Tabs tabs, Payments payments, Collection<Offer> offers, LongSupplier nanoClock) {
    this.tabs = tabs;
    this.payments = payments;
    this.nanoClock = nanoClock;
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
              for (int i = 0; i < page.size(); i += AT_ONCE) {
                List<Tab> some = page.subList(i, Math.min(page.size(), i + AT_ONCE));
                looked = looked.compose(done -> lookAll(some));
              }
              return looked.compose(
                  done -> page.size() < PAGE ? Future.succeededFuture() : page(lastOf(page)));
            });
  }

  /** One channel's trouble is not the others'. */
  private Future<Void> lookAll(List<Tab> some) {
    return Future.join(some.stream().map(this::lookInAnyCase).toList()).mapEmpty();
  }

  private Future<Void> lookInAnyCase(Tab tab) {
    return look(tab)
        .recover(
            failure -> {
              LOG.warn("Channel {} could not be looked at", tab.id(), failure);
              return Future.succeededFuture();
            });
  }

  private static ChannelId lastOf(List<Tab> page) {
    return page.get(page.size() - 1).id();
  }

  private Future<Void> look(Tab tab) {
    Chain chain = chains.get(tab.channel().escrow());
    if (tab.phase() instanceof Tab.Phase.Closed) {
      return Future.succeededFuture();
    }
    if (chain == null) {
      LOG.warn("Channel {} is on an escrow that no route uses any more", tab.id());
      return Future.succeededFuture();
    }
    return Payments.of(chain.read(tab.id())).compose(read -> heard(chain, tab, read));
  }

  private Future<Void> heard(Chain chain, Tab tab, Result<Channel> read) {
    if (read instanceof Result.Ok<Channel> ok) {
      return seen(chain, tab, ok.value());
    }
    Refusal refusal = ((Result.Refused<Channel>) read).refusal();
    if (refusal instanceof Refusal.ChannelNotFound) {
      return vanished(chain, tab);
    }
    LOG.warn("Channel {} cannot be looked up on its chain: {}", tab.id(), refusal);
    return Future.succeededFuture();
  }

  /**
   * A reorganised chain has taken a deposit back: nothing is sold on it any more. Should the chain,
   * or a node that lagged, know it again, the next round takes it over again.
   */
  private Future<Void> vanished(Chain chain, Tab tab) {
    Channel last = tab.channel();
    LOG.error(
        "The chain no longer knows channel {}: {} base units are at risk",
        tab.id(),
        tab.spent().minusOrZero(last.settled()));
    Channel empty =
        new Channel(
            last.id(),
            last.escrow(),
            last.payer(),
            last.payee(),
            last.token(),
            last.authorizedSigner(),
            last.settled(),
            last.settled(),
            last.closeRequestedAt(),
            last.finalized());
    return seen(chain, tab, empty);
  }

  private Future<Void> seen(Chain chain, Tab tab, Channel channel) {
    Future<Result<Tab>> observed =
        channel.equals(tab.channel())
            ? Future.succeededFuture(Result.ok(tab))
            : tabs.observe(channel);
    return observed
        .onSuccess(
            result -> {
              if (result instanceof Result.Ok<Tab> ok) {
                redeemIfDue(chain, ok.value());
              }
            })
        .mapEmpty();
  }

  /**
   * Of several gateways that see a payer leave, the leader redeems at once; the others, or the
   * leader where another has begun to close, only once that one must have given up: a close is not
   * to be sent twice, and it must not depend on one gateway either.
   */
  private void redeemIfDue(Chain chain, Tab tab) {
    if (!isLeaving(tab)) {
      leavingSince.remove(tab.id());
      return;
    }
    long now = nanoClock.getAsLong();
    long seenFor = now - leavingSince.computeIfAbsent(tab.id(), first -> now);
    boolean oursToBegin = tabs.leads() && tab.phase() instanceof Tab.Phase.Disputed;
    if (oursToBegin || !tabs.isShared() || seenFor >= TAKE_OVER_NANOS) {
      redeem(chain, tab.id());
    }
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
