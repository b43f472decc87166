package io.tollstream.gateway.payment;

import io.tollstream.channels.Address;
import io.tollstream.channels.Chain;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Funding;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Tab.Acceptance;
import io.tollstream.channels.Terms;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Amount;
import io.vertx.core.Future;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Takes payments: every check of draft-evm-session-00, "Verification Procedure", in the order that
 * costs an attacker most and us least, and durable before it answers.
 */
final class Payments {

  /**
   * A payment that was taken.
   *
   * @param transactionHash of the close that settled it, or null
   */
  record Paid(Tab tab, @Nullable String transactionHash) {
    static Paid of(Acceptance acceptance) {
      return new Paid(acceptance.tab(), null);
    }
  }

  /** Closes that are taken up again soon; what is beyond waits for all to be looked at. */
  private static final int MAX_CUT_SHORT = 16_384;

  /** How often a channel's close may revert in an hour, at our expense. */
  private static final int MAX_REVERTS = 2;

  private static final int MAX_REVERTING = 1_024;
  private static final long REVERTING_NANOS = TimeUnit.HOURS.toNanos(1);
  private static final Result<Chain.Redemption> REVERTS =
      Result.refused(new Refusal.TransactionReverted("an earlier close reverted"));

  /** Closes of a channel that have reverted, since the first of them. */
  private record Reverts(int count, long sinceNanos) {}

  private final Tabs tabs;
  private final Deposits deposits;
  private final Map<ChannelId, Reverts> reverting = new ConcurrentHashMap<>();
  private final Set<ChannelId> closing = ConcurrentHashMap.newKeySet(); // one transaction each
  private final Set<ChannelId> cutShort = ConcurrentHashMap.newKeySet();

  Payments(Tabs tabs, Deposits deposits) {
    this.tabs = tabs;
    this.deposits = deposits;
  }

  /** Carries an action out on behalf of an offer. */
  Future<Result<Paid>> take(Offer offer, PaymentAction action) {
    if (action instanceof PaymentAction.Open open) {
      return open(offer, open);
    }
    if (action instanceof PaymentAction.TopUp topUp) {
      return topUp(offer, topUp);
    }
    if (action instanceof PaymentAction.Pay pay) {
      return pay(offer, pay);
    }
    return close(offer, (PaymentAction.Close) action);
  }

  private Future<Result<Paid>> open(Offer offer, PaymentAction.Open open) {
    return tabs.find(open.channelId())
        .compose(
            known ->
                known.isPresent()
                    ? accept(offer, known.get().channel(), open.voucher())
                    : openNew(offer, open));
  }

  private Future<Result<Paid>> openNew(Offer offer, PaymentAction.Open open) {
    Result<PaymentAction.Open> checked = offer.protocol().checkId(open, offer.terms());
    if (checked instanceof Result.Refused<PaymentAction.Open> refused) {
      return refused(refused.refusal());
    }
    return then(
        beforeFunding(offer, open),
        valid ->
            then(
                deposits.make(offer, open),
                channel -> then(fit(offer, channel), fit -> start(offer, fit, open.voucher()))));
  }

  /** Before gas is spent on somebody's behalf, what they signed must hold. */
  private Future<Result<Voucher>> beforeFunding(Offer offer, PaymentAction.Open open) {
    Address payer = payer(open.funding());
    Amount value = value(open.funding());
    if (payer == null || value == null) {
      return Future.succeededFuture(Result.ok(open.voucher()));
    }
    Amount cumulative = open.voucher().cumulative();
    if (cumulative.exceeds(value)) {
      return refused(new Refusal.AmountExceedsDeposit(cumulative, value));
    }
    Terms terms = offer.terms();
    Channel planned =
        new Channel(
            open.channelId(),
            terms.escrow(),
            payer,
            terms.payee(),
            terms.token(),
            open.authorizedSigner(),
            value,
            Amount.ZERO,
            0,
            false);
    return then(fit(offer, planned), fit -> verify(offer, open.voucher(), fit));
  }

  private static @Nullable Address payer(Funding funding) {
    if (funding instanceof Funding.Eip3009 eip3009) {
      return eip3009.from();
    }
    return funding instanceof Funding.Permit2 permit2 ? permit2.from() : null;
  }

  private static @Nullable Amount value(Funding funding) {
    if (funding instanceof Funding.Eip3009 eip3009) {
      return eip3009.value();
    }
    return funding instanceof Funding.Permit2 permit2 ? permit2.amount() : null;
  }

  private static Future<Result<Channel>> fit(Offer offer, Channel channel) {
    return Future.succeededFuture(offer.terms().check(channel));
  }

  private Future<Result<Paid>> start(Offer offer, Channel channel, Voucher voucher) {
    return then(
        verify(offer, voucher, channel),
        verified -> map(tabs.open(channel, verified, offer.minVoucherDelta()), Paid::of));
  }

  private Future<Result<Paid>> topUp(Offer offer, PaymentAction.TopUp topUp) {
    return onTab(
        offer,
        topUp.channelId(),
        tab ->
            then(
                worthItsGas(offer, topUp),
                worthy ->
                    then(
                        deposits.make(offer, worthy),
                        channel -> map(tabs.observe(channel), next -> new Paid(next, null)))));
  }

  /** What the gateway submits must add as much as it would ask of a new channel. */
  private static Future<Result<PaymentAction.TopUp>> worthItsGas(
      Offer offer, PaymentAction.TopUp topUp) {
    Amount least = offer.terms().minDeposit();
    return topUp.funding() instanceof Funding.Broadcast || !least.exceeds(topUp.additional())
        ? Future.succeededFuture(Result.ok(topUp))
        : refused(new Refusal.InsufficientBalance(least, topUp.additional()));
  }

  private Future<Result<Paid>> pay(Offer offer, PaymentAction.Pay pay) {
    if (pay.deposit() instanceof PaymentAction.Open open) {
      return open(
          offer,
          new PaymentAction.Open(
              open.channelId(),
              open.funding(),
              open.salt(),
              open.authorizedSigner(),
              pay.voucher()));
    }
    if (pay.deposit() instanceof PaymentAction.TopUp topUp) {
      return then(topUp(offer, topUp), paid -> accept(offer, paid.tab().channel(), pay.voucher()));
    }
    return onTab(offer, pay.channelId(), tab -> accept(offer, tab.channel(), pay.voucher()));
  }

  private Future<Result<Paid>> accept(Offer offer, Channel channel, Voucher voucher) {
    Result<Channel> parties = offer.terms().checkParties(channel);
    if (parties instanceof Result.Refused<Channel> refused) {
      return refused(refused.refusal());
    }
    return then(
        verify(offer, voucher, channel),
        verified ->
            tabs.accept(verified, offer.minVoucherDelta())
                .compose(result -> map(orAfterDeposit(offer, verified, result), Paid::of)));
  }

  /** A voucher above the deposit may follow a top-up that nobody told us of: look once. */
  private Future<Result<Acceptance>> orAfterDeposit(
      Offer offer, Voucher voucher, Result<Acceptance> result) {
    boolean aboveDeposit =
        result instanceof Result.Refused<Acceptance> refused
            && refused.refusal() instanceof Refusal.AmountExceedsDeposit;
    if (!aboveDeposit) {
      return Future.succeededFuture(result);
    }
    return then(
        of(offer.protocol().chain().read(voucher.channelId())),
        channel ->
            then(tabs.observe(channel), tab -> tabs.accept(voucher, offer.minVoucherDelta())));
  }

  private Future<Result<Paid>> close(Offer offer, PaymentAction.Close close) {
    return onTab(
        offer,
        close.channelId(),
        tab ->
            then(
                verify(offer, close.voucher(), tab.channel()),
                voucher -> redeem(offer.protocol().chain(), voucher.channelId(), voucher)));
  }

  /**
   * Stops selling on a channel, ends its streams, then closes it on chain with the smallest voucher
   * that covers what is spent.
   *
   * @param offered the payer's closing voucher, verified, or null
   */
  Future<Result<Paid>> redeem(Chain chain, ChannelId id, @Nullable Voucher offered) {
    if (!closing.add(id)) {
      return refused(new Refusal.ChannelFinalized(id));
    }
    return closeOnce(chain, id, offered)
        .onComplete(
            done -> {
              closing.remove(id);
              if (!(done.result() instanceof Result.Ok) && cutShort.size() < MAX_CUT_SHORT) {
                cutShort.add(id);
              }
            });
  }

  /** Channels whose close did not go through here, each told once. */
  Set<ChannelId> takeCutShort() {
    Set<ChannelId> taken = Set.copyOf(cutShort);
    cutShort.removeAll(taken);
    return taken;
  }

  /** Channels whose close is on its way. */
  Set<ChannelId> closing() {
    return Collections.unmodifiableSet(closing);
  }

  private Future<Result<Paid>> closeOnce(Chain chain, ChannelId id, @Nullable Voucher offered) {
    return then(
        tabs.beginClose(id, offered),
        closing ->
            tabs.endStreams(id)
                .compose(ended -> tabs.quiet(id))
                .compose(
                    tab ->
                        isReverting(id)
                            ? Future.succeededFuture(REVERTS)
                            : of(chain.closeWith(id, tab::redeemable)))
                .compose(result -> closed(chain, id, result)));
  }

  private Future<Result<Paid>> closed(Chain chain, ChannelId id, Result<Chain.Redemption> result) {
    if (result instanceof Result.Ok<Chain.Redemption> ok) {
      return map(
          tabs.redeemed(ok.value().channel()), tab -> new Paid(tab, ok.value().transactionHash()));
    }
    Refusal refusal = ((Result.Refused<Chain.Redemption>) result).refusal();
    // A close that may still be mined keeps the tab closing; only a definite no reopens it.
    return refusal instanceof Refusal.TransactionReverted
        ? abandonUnlessClosed(chain, id, refusal)
        : refused(refusal);
  }

  private boolean isReverting(ChannelId id) {
    Reverts reverts = reverting.get(id);
    if (reverts != null && System.nanoTime() - reverts.sinceNanos() > REVERTING_NANOS) {
      reverting.remove(id);
      return false;
    }
    return reverts != null && reverts.count() >= MAX_REVERTS;
  }

  /** Another transaction may have closed the channel first: then nothing is sold on it again. */
  private Future<Result<Paid>> abandonUnlessClosed(Chain chain, ChannelId id, Refusal refusal) {
    return then(
        of(chain.read(id)),
        channel ->
            channel.finalized()
                ? then(tabs.observe(channel), tab -> refused(refusal))
                : then(tabs.abandonClose(id), tab -> settleInstead(chain, tab, refusal)));
  }

  /**
   * A close also sends money to the payer, whose code or token can make it revert for ever; to
   * settle pays the payee alone. What cannot be closed is left for a while, as each try costs gas.
   */
  private Future<Result<Paid>> settleInstead(Chain chain, Tab tab, Refusal refusal) {
    if (reverting.size() < MAX_REVERTING) {
      reverting.merge(
          tab.id(),
          new Reverts(1, System.nanoTime()),
          (before, one) -> new Reverts(before.count() + 1, before.sinceNanos()));
    }
    Voucher voucher = tab.redeemable();
    return voucher == null
        ? refused(refusal)
        : then(
            of(chain.settle(voucher)),
            settled -> then(tabs.redeemed(settled.channel()), after -> refused(refusal)));
  }

  private Future<Result<Paid>> onTab(
      Offer offer, ChannelId id, Function<Tab, Future<Result<Paid>>> action) {
    return tabs.find(id)
        .compose(
            known -> {
              if (known.isEmpty()) {
                return refused(new Refusal.ChannelNotFound(id));
              }
              Result<Channel> parties = offer.terms().checkParties(known.get().channel());
              return parties instanceof Result.Refused<Channel> refused
                  ? refused(refused.refusal())
                  : action.apply(known.get());
            });
  }

  private static Future<Result<Voucher>> verify(Offer offer, Voucher voucher, Channel channel) {
    return of(offer.protocol().verify(voucher, channel));
  }

  static <T> Future<T> of(CompletionStage<T> stage) {
    return Future.fromCompletionStage(stage);
  }

  static <T, R> Future<Result<R>> then(
      Future<Result<T>> first, Function<T, Future<Result<R>>> next) {
    return first.compose(
        result ->
            result instanceof Result.Ok<T> ok
                ? next.apply(ok.value())
                : refused(((Result.Refused<T>) result).refusal()));
  }

  private static <T, R> Future<Result<R>> map(Future<Result<T>> first, Function<T, R> map) {
    return first.map(result -> result.then(value -> Result.ok(map.apply(value))));
  }

  static <R> Future<Result<R>> refused(Refusal refusal) {
    return Future.succeededFuture(Result.refused(refusal));
  }
}
