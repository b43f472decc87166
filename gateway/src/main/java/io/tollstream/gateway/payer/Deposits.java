package io.tollstream.gateway.payer;

import io.tollstream.channels.Funding;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Wallet;
import io.tollstream.gateway.payer.ChannelAccount.State;
import io.tollstream.gateway.wire.SessionRequest;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Bill;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts money into channels: by a transaction of the payer's own, or by an authorization that the
 * gateway submits where it pays the gas. What could be lost is on disk, and charged to the budget,
 * before anything is signed.
 */
final class Deposits {
  private static final Logger LOG = LoggerFactory.getLogger(Deposits.class);

  /** How long a gateway may take to submit an authorization. */
  private static final long AUTHORIZATION_SECONDS = 3_600;

  private static final String HASH = "hash";
  private static final String AUTHORIZATION = "authorization";

  private final Context context;
  private final GatewayLink link;
  private final ChannelStore store;
  private final SpendingPolicy policy;
  private final RunBudget budget;
  private final Introduction introduction;

  Deposits(
      Context context,
      GatewayLink link,
      ChannelStore store,
      SpendingPolicy policy,
      RunBudget budget) {
    this.context = context;
    this.link = link;
    this.store = store;
    this.policy = policy;
    this.budget = budget;
    this.introduction = new Introduction(context, link);
  }

  /**
   * Deposits into a new channel; the budget is charged at once and gets back only what surely was
   * not deposited.
   */
  Future<Funded> open(Offer offer, Wallet wallet, Amount deposit) {
    SessionRequest terms = offer.terms();
    String type = type(terms);
    if (type == null) {
      return Stages.refused(new PayerRefusal.NoFunding(terms.credentialTypes()));
    }
    LOG.info(
        "opening a channel to {} with {} base units of {}",
        terms.recipient(),
        deposit,
        terms.currency());
    Wallet.Plan plan = wallet.plan(terms.recipient(), terms.currency());
    ChannelAccount planned = account(offer, wallet, plan, deposit);
    budget.join(planned, deposit);
    return type.equals(HASH)
        ? broadcast(offer, wallet, plan, planned)
        : authorize(offer, wallet, plan, planned)
            .onFailure(unsigned -> budget.released(plan.id(), deposit));
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

  private ChannelAccount account(Offer offer, Wallet wallet, Wallet.Plan plan, Amount deposit) {
    return new ChannelAccount(
        plan.id(),
        wallet.escrow(),
        wallet.address(),
        plan.payee(),
        plan.token(),
        plan.salt(),
        deposit,
        Amount.ZERO,
        Bill.EMPTY,
        Amount.ZERO,
        link.origin().toString(),
        offer.resource(),
        null,
        null,
        Instant.now(),
        State.OPENING);
  }

  private Future<Funded> broadcast(
      Offer offer, Wallet wallet, Wallet.Plan plan, ChannelAccount planned) {
    AtomicReference<@Nullable String> left = new AtomicReference<>();
    return keep(planned)
        .compose(
            lease ->
                Stages.value(
                        context,
                        wallet.open(
                            plan,
                            planned.deposit(),
                            hash -> {
                              left.set(hash);
                              store.save(planned.opened(hash));
                            }),
                        PayerRefusal.DepositFailed::new)
                    .onFailure(failure -> lease.close())
                    .map(
                        opened ->
                            new Funded(
                                planned
                                    .opened(opened.transactionHash())
                                    .deposited(opened.channel().deposit()),
                                wallet,
                                lease,
                                offer)))
        .recover(
            failure ->
                left.get() == null || isFinal(failure)
                    ? forget(planned).compose(gone -> Future.<Funded>failedFuture(failure))
                    : Future.<Funded>failedFuture(failure));
  }

  /** Whether a transaction that was sent has surely failed. */
  private static boolean isFinal(Throwable failure) {
    return failure instanceof PaymentRefusedException refused
        && refused.refusal() instanceof PayerRefusal.DepositFailed deposit
        && deposit.refusal() instanceof Refusal.TransactionReverted;
  }

  /** Nothing was deposited, nor will be. */
  private Future<Void> forget(ChannelAccount planned) {
    budget.released(planned.id(), planned.deposit());
    return context.executeBlocking(
        () -> {
          store.forget(planned.id());
          return null;
        },
        true);
  }

  private Future<Funded> authorize(
      Offer offer, Wallet wallet, Wallet.Plan plan, ChannelAccount planned) {
    Amount initial = initial(offer.terms()).min(planned.deposit());
    return Stages.value(
            context,
            wallet.authorizeOpen(plan, planned.deposit(), initial, AUTHORIZATION_SECONDS),
            PayerRefusal.DepositFailed::new)
        .compose(
            open ->
                open.funding() instanceof Funding.Eip3009 funding
                    ? keepAuthorized(offer, wallet, authorized(planned, open, funding))
                    : Stages.refused(new PayerRefusal.NoFunding(offer.terms().credentialTypes())));
  }

  private static ChannelAccount authorized(
      ChannelAccount planned, PaymentAction.Open open, Funding.Eip3009 funding) {
    return planned
        .signed(open.voucher().cumulative())
        .authorized(Payload.open(open, funding).encode());
  }

  private Future<Funded> keepAuthorized(Offer offer, Wallet wallet, ChannelAccount account) {
    return keep(account).map(lease -> new Funded(account, wallet, lease, offer));
  }

  /** One first chunk, of which the server tells the size, but policy how much is paid ahead. */
  private Amount initial(SessionRequest terms) {
    long window = policy.windowQuanta(terms.tariff().unit().kind());
    return terms.tariff().cost(Math.min(window, Math.max(1, terms.chunkBytes())));
  }

  private Future<ChannelStore.Lease> keep(ChannelAccount account) {
    return context.executeBlocking(
        () -> {
          ChannelStore.Lease lease = store.lease(account.id());
          if (lease == null) {
            throw new StateException("another process holds the new channel " + account.id());
          }
          store.save(account);
          return lease;
        },
        true);
  }

  /** Tells the gateway of a channel that it does not know yet. */
  Future<Void> introduce(PayingChannel channel) {
    return introduction.introduce(channel);
  }

  /** Adds to a channel's deposit, which the budget has been charged for; the deposit after it. */
  Future<Amount> topUp(PayingChannel channel, Addition addition) {
    return AUTHORIZATION.equals(type(channel.offer().terms()))
        ? authorize(channel, addition)
        : broadcast(channel, addition);
  }

  private Future<Amount> broadcast(PayingChannel channel, Addition addition) {
    AtomicReference<@Nullable String> left = new AtomicReference<>();
    return Stages.value(
            context,
            channel
                .wallet()
                .topUp(channel.live().account().channel(), addition.additional(), left::set),
            PayerRefusal.DepositFailed::new)
        .onComplete(
            done -> {
              String hash = left.get();
              if (hash != null) {
                addition.sent(hash);
              }
              if (done.failed() && (hash == null || isFinal(done.cause()))) {
                addition.cannotHappen();
              }
            })
        .compose(done -> tellAdded(channel, addition, done.channel().deposit()));
  }

  /** The chain has it; the gateway may learn of it later as well. */
  Future<Amount> tellAdded(PayingChannel channel, Addition addition, Amount deposit) {
    String hash = addition.hash();
    if (hash == null) {
      return Future.succeededFuture(deposit);
    }
    return introduction
        .tell(channel, Payload.topUp(channel.id(), hash, addition.additional()))
        .onFailure(
            failure ->
                LOG.warn(
                    "channel {}: topped up on chain, but the gateway says: {}",
                    channel.id(),
                    failure.getMessage()))
        .otherwiseEmpty()
        .map(told -> deposit);
  }

  private Future<Amount> authorize(PayingChannel channel, Addition addition) {
    ChannelAccount account = channel.live().account();
    return Stages.value(
            context,
            channel
                .wallet()
                .authorizeTopUp(account.channel(), addition.additional(), AUTHORIZATION_SECONDS),
            PayerRefusal.DepositFailed::new)
        .compose(
            topUp ->
                topUp.funding() instanceof Funding.Eip3009 funding
                    ? Future.succeededFuture(signed(addition, topUp, funding))
                    : Stages.<JsonObject>refused(
                        new PayerRefusal.NoFunding(List.of(AUTHORIZATION))))
        .onFailure(unsigned -> addition.cannotHappen())
        .compose(signed -> sendAuthorized(channel, addition));
  }

  private static JsonObject signed(
      Addition addition, PaymentAction.TopUp topUp, Funding.Eip3009 funding) {
    JsonObject payload = Payload.topUp(topUp, funding);
    addition.authorized(payload, funding.validBefore().longValue());
    return payload;
  }

  /** Hands the gateway an authorization, the same as before where it has had it. */
  Future<Amount> sendAuthorized(PayingChannel channel, Addition addition) {
    JsonObject payload = addition.payload();
    return payload == null
        ? Future.failedFuture("nothing is authorized")
        : introduction.tell(channel, payload).map(told -> addition.total());
  }
}
