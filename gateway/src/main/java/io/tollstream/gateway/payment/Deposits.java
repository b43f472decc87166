package io.tollstream.gateway.payment;

import io.tollstream.channels.Chain;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Funding;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.vertx.core.Future;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Deposits on their way: one at a time per channel, so that no authorization is submitted twice,
 * and a bounded number in all, so that nobody can pile transactions up.
 */
final class Deposits {
  /** The most deposits under way at once on this gateway. */
  static final int MAX_UNDER_WAY = 256;

  /**
   * A deposit on its way.
   *
   * @param what makes two deposits of a channel the same
   */
  private record UnderWay(Object what, Future<Result<Channel>> made) {}

  private final Map<ChannelId, UnderWay> underWay = new ConcurrentHashMap<>();

  /** Sees a deposit through to the chain's finality; one that is under way already is joined. */
  Future<Result<Channel>> make(Offer offer, PaymentAction.Deposit deposit) {
    if (!offer.credentialTypes().contains(type(deposit.funding()))) {
      return Payments.refused(
          new Refusal.Malformed("type", String.join(" or ", offer.credentialTypes())));
    }
    if (underWay.size() >= MAX_UNDER_WAY) {
      return Payments.refused(new Refusal.Unavailable("the chain, with so many deposits waiting,"));
    }
    ChannelId id = deposit.channelId();
    UnderWay joined = underWay.compute(id, (key, before) -> joinOrFollow(before, offer, deposit));
    return joined.made().onComplete(done -> underWay.remove(id, joined));
  }

  private static UnderWay joinOrFollow(
      @Nullable UnderWay before, Offer offer, PaymentAction.Deposit deposit) {
    Object what = deposit instanceof PaymentAction.Open open ? open.funding() : deposit;
    if (before == null) {
      return new UnderWay(what, start(offer, deposit));
    }
    return before.what().equals(what)
        ? before
        : new UnderWay(what, before.made().transform(done -> start(offer, deposit)));
  }

  private static Future<Result<Channel>> start(Offer offer, PaymentAction.Deposit deposit) {
    Chain chain = offer.protocol().chain();
    if (!(deposit.funding() instanceof Funding.Broadcast broadcast)) {
      return Payments.of(chain.submit(deposit, offer.terms().payee(), offer.terms().token()));
    }
    return Payments.of(
        deposit instanceof PaymentAction.TopUp topUp
            ? chain.awaitTopUp(broadcast.transactionHash(), topUp.channelId(), topUp.additional())
            : chain.awaitOpen(broadcast.transactionHash(), deposit.channelId()));
  }

  private static String type(Funding funding) {
    if (funding instanceof Funding.Broadcast) {
      return "hash";
    }
    return funding instanceof Funding.Eip3009 ? "authorization" : "permit2";
  }
}
