package io.tollstream.gateway.payer;

import io.tollstream.channels.Channel;
import io.tollstream.channels.Funding;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.Wallet;
import io.tollstream.gateway.payer.ChannelAccount.State;
import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.Credential;
import io.tollstream.gateway.wire.SessionRequest;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Bill;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts money into channels: by a transaction of the payer's own, or by an authorization that the
 * gateway submits where it pays the gas. What could be lost is on disk before anybody is told.
 */
final class Deposits {
  private static final Logger LOG = LoggerFactory.getLogger(Deposits.class);

  /** How long a gateway may take to submit an authorization. */
  private static final long AUTHORIZATION_SECONDS = 3_600;

  private static final String HASH = "hash";
  private static final String AUTHORIZATION = "authorization";
  private static final int MAX_TRIES = 5;
  private static final long RETRY_MILLIS = 500;
  private static final int MAX_RETRY_SECONDS = 60;

  private final Context context;
  private final GatewayLink link;
  private final ChannelStore store;
  private final SpendingPolicy policy;

  Deposits(Context context, GatewayLink link, ChannelStore store, SpendingPolicy policy) {
    this.context = context;
    this.link = link;
    this.store = store;
    this.policy = policy;
  }

  /** An opened channel and, where the gateway is to submit the opening, what it needs for it. */
  record Opening(Funded funded, @Nullable JsonObject payload) {}

  /** Deposits into a new channel; the account is on disk when this completes. */
  Future<Opening> open(Offer offer, Wallet wallet, Amount deposit) {
    String type = type(offer.terms());
    if (type == null) {
      return Stages.refused(new PayerRefusal.NoFunding(offer.terms().credentialTypes()));
    }
    LOG.info(
        "opening a channel to {} with {} base units of {}",
        offer.terms().recipient(),
        deposit,
        offer.terms().currency());
    return type.equals(HASH)
        ? broadcast(offer, wallet, deposit)
        : authorize(offer, wallet, deposit);
  }

  /** The first way of funding in the server's order that this payer can go, or null. */
  private static @Nullable String type(SessionRequest terms) {
    for (String type : terms.credentialTypes()) {
      boolean submits = terms.feePayer() && !terms.currency().isZero();
      if (type.equals(HASH) || (type.equals(AUTHORIZATION) && submits)) {
        return type;
      }
    }
    return null;
  }

  private Future<Opening> broadcast(Offer offer, Wallet wallet, Amount deposit) {
    SessionRequest terms = offer.terms();
    return Stages.value(
            context,
            wallet.open(terms.recipient(), terms.currency(), deposit),
            PayerRefusal.DepositFailed::new)
        .compose(
            opened ->
                keep(account(offer, opened.channel(), opened.salt(), opened.transactionHash())))
        .map(kept -> new Opening(new Funded(kept.account, wallet, kept.lease, offer), null));
  }

  private Future<Opening> authorize(Offer offer, Wallet wallet, Amount deposit) {
    SessionRequest terms = offer.terms();
    return Stages.value(
            context,
            wallet.authorizeOpen(
                terms.recipient(),
                terms.currency(),
                deposit,
                initial(terms).min(deposit),
                AUTHORIZATION_SECONDS),
            PayerRefusal.DepositFailed::new)
        .compose(open -> keepAuthorized(offer, wallet, deposit, open));
  }

  /** One first chunk, of which the server tells the size, but policy how much is paid ahead. */
  private Amount initial(SessionRequest terms) {
    long window = policy.windowQuanta(terms.tariff().unit().kind());
    return terms.tariff().cost(Math.min(window, Math.max(1, terms.chunkBytes())));
  }

  private Future<Opening> keepAuthorized(
      Offer offer, Wallet wallet, Amount deposit, PaymentAction.Open open) {
    if (!(open.funding() instanceof Funding.Eip3009 funding)) {
      return Stages.refused(new PayerRefusal.NoFunding(offer.terms().credentialTypes()));
    }
    SessionRequest terms = offer.terms();
    Channel expected =
        new Channel(
            open.channelId(),
            terms.escrow(),
            wallet.address(),
            terms.recipient(),
            terms.currency(),
            open.authorizedSigner(),
            deposit,
            Amount.ZERO,
            0,
            false);
    ChannelAccount account =
        account(offer, expected, open.salt(), null).signed(open.voucher().cumulative());
    return keep(account)
        .map(
            kept ->
                new Opening(
                    new Funded(kept.account, wallet, kept.lease, offer),
                    Payload.open(open, funding)));
  }

  private ChannelAccount account(
      Offer offer, Channel channel, String salt, @Nullable String openHash) {
    return new ChannelAccount(
        channel.id(),
        channel.escrow(),
        channel.payer(),
        channel.payee(),
        channel.token(),
        salt,
        channel.deposit(),
        Amount.ZERO,
        Bill.EMPTY,
        Amount.ZERO,
        link.origin().toString(),
        offer.resource(),
        openHash,
        Instant.now(),
        State.OPENING);
  }

  private record Kept(ChannelAccount account, ChannelStore.Lease lease) {}

  private Future<Kept> keep(ChannelAccount account) {
    return context.executeBlocking(
        () -> {
          ChannelStore.Lease lease = store.lease(account.id());
          if (lease == null) {
            throw new StateException("another process holds the new channel " + account.id());
          }
          store.save(account);
          return new Kept(account, lease);
        },
        true);
  }

  /**
   * Tells the gateway of a channel that it does not know yet; it may have to wait for the chain.
   */
  Future<Void> introduce(PayingChannel channel, @Nullable JsonObject authorized) {
    Future<JsonObject> payload =
        authorized != null
            ? Future.succeededFuture(authorized)
            : channel.sign().map(voucher -> openPayload(channel.live().account(), voucher));
    return payload.compose(ready -> tell(channel, ready, 1));
  }

  private static JsonObject openPayload(ChannelAccount account, Voucher voucher) {
    String hash = account.openHash();
    return hash == null ? Payload.voucher(voucher) : Payload.open(hash, account.salt(), voucher);
  }

  private Future<Void> tell(PayingChannel channel, JsonObject payload, int tries) {
    return pay(channel, payload, tries >= MAX_TRIES)
        .compose(
            answer -> {
              if (answer instanceof Answer.Taken taken) {
                if (taken.receipt() != null) {
                  channel.receipted(taken.receipt());
                }
                return Future.succeededFuture();
              }
              return again(channel, payload, (Answer.Refused) answer, tries);
            });
  }

  private Future<Void> again(
      PayingChannel channel, JsonObject payload, Answer.Refused refused, int tries) {
    if (tries >= MAX_TRIES || refused.isGone()) {
      return Stages.refused(new PayerRefusal.GatewayRefused(refused.status(), refused.detail()));
    }
    return pause(refused, tries)
        .compose(waited -> refresh(channel, refused))
        .compose(fresh -> tell(channel, payload, tries + 1));
  }

  private Future<Void> pause(Answer.Refused refused, int tries) {
    if (tries == 1 && !refused.challenges().isEmpty()) {
      return Future.succeededFuture(); // perhaps it was only the challenge
    }
    Promise<Void> waited = Promise.promise();
    long seconds = Math.min(MAX_RETRY_SECONDS, refused.retryAfterSeconds());
    long millis = Math.max(RETRY_MILLIS << tries, seconds * 1_000);
    context.owner().setTimer(millis, timer -> waited.complete());
    return waited.future();
  }

  private Future<Void> refresh(PayingChannel channel, Answer.Refused refused) {
    Future<List<Challenge>> challenges =
        refused.challenges().isEmpty()
            ? link.challenges(channel.offer().resource()).otherwise(List.of())
            : Future.succeededFuture(refused.challenges());
    return challenges.map(
        found -> {
          channel.renew(found);
          return null;
        });
  }

  private Future<Answer> pay(PayingChannel channel, JsonObject payload, boolean explain) {
    Credential credential = new Credential(channel.offer().challenge(), source(channel), payload);
    String resource = channel.offer().resource();
    return explain ? link.explain(resource, credential) : link.pay(resource, credential);
  }

  private static String source(PayingChannel channel) {
    long chainId = channel.live().account().escrow().chainId();
    return "did:pkh:eip155:" + chainId + ":" + channel.wallet().address();
  }

  /** Adds to a channel's deposit; the deposit after it. */
  Future<Amount> topUp(PayingChannel channel, Amount additional) {
    String type = type(channel.offer().terms());
    return AUTHORIZATION.equals(type)
        ? topUpAuthorized(channel, additional)
        : topUpBroadcast(channel, additional);
  }

  private Future<Amount> topUpBroadcast(PayingChannel channel, Amount additional) {
    return Stages.value(
            context,
            channel.wallet().topUp(channel.live().account().channel(), additional),
            PayerRefusal.DepositFailed::new)
        .compose(
            done -> {
              JsonObject payload = Payload.topUp(channel.id(), done.transactionHash(), additional);
              return tell(channel, payload, 1)
                  .onFailure(
                      failure ->
                          LOG.warn(
                              "channel {}: topped up on chain, but the gateway says: {}",
                              channel.id(),
                              failure.getMessage()))
                  .otherwiseEmpty()
                  .map(told -> done.channel().deposit());
            });
  }

  private Future<Amount> topUpAuthorized(PayingChannel channel, Amount additional) {
    ChannelAccount account = channel.live().account();
    return Stages.value(
            context,
            channel.wallet().authorizeTopUp(account.channel(), additional, AUTHORIZATION_SECONDS),
            PayerRefusal.DepositFailed::new)
        .compose(
            topUp ->
                topUp.funding() instanceof Funding.Eip3009 funding
                    ? tell(channel, Payload.topUp(topUp, funding), 1)
                    : Stages.<Void>refused(new PayerRefusal.NoFunding(List.of(AUTHORIZATION))))
        .map(told -> account.deposit().plus(additional));
  }
}
