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

/**
 * Deposits on their way, a bounded number of them. What the payer has broadcast is only waited for,
 * by as many as like; what the gateway submits is submitted once, and one at a time per channel.
 */
final class Deposits {
  /** The most deposits under way at once on this gateway. */
  static final int MAX_UNDER_WAY = 256;

  /**
   * What two deposits must share to be under way as one.
   *
   * @param transactionHash of a deposit that the payer has broadcast; empty for one of ours
   */
  private record Way(ChannelId channelId, String transactionHash) {}

  /**
   * A deposit on its way.
   *
   * @param what makes two deposits of a channel the same
   */
  private record UnderWay(Object what, Future<Result<Channel>> made) {}

  private final Map<Way, UnderWay> underWay = new ConcurrentHashMap<>();

  /** Sees a deposit through to the chain's finality; one that is under way already is joined. */
  Future<Result<Channel>> make(Offer offer, PaymentAction.Deposit deposit) {
    if (!offer.credentialTypes().contains(type(deposit.funding()))) {
      return Payments.refused(
          new Refusal.Malformed("type", String.join(" or ", offer.credentialTypes())));
    }
    if (underWay.size() >= MAX_UNDER_WAY) {
      return Payments.refused(new Refusal.Unavailable("the chain, with so many deposits waiting,"));
    }
    Object what = deposit instanceof PaymentAction.Open open ? open.funding() : deposit;
    Way way = way(deposit);
    UnderWay joined =
        underWay.computeIfAbsent(way, first -> new UnderWay(what, start(offer, deposit)));
    return joined.what().equals(what)
        ? joined.made().onComplete(done -> underWay.remove(way, joined))
        : Payments.refused(
            new Refusal.Unavailable("the channel, with another deposit of it under way,"));
  }

  private static Way way(PaymentAction.Deposit deposit) {
    String hash =
        deposit.funding() instanceof Funding.Broadcast broadcast ? broadcast.transactionHash() : "";
    return new Way(deposit.channelId(), hash);
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
