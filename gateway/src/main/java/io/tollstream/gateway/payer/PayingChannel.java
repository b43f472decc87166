package io.tollstream.gateway.payer;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.Wallet;
import io.tollstream.gateway.payer.ChannelAccount.State;
import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.Credential;
import io.tollstream.gateway.wire.Receipt;
import io.tollstream.metering.Amount;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.io.IOException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One channel in use: its account on disk, its wallet, the bodies it pays for and the {@link
 * VoucherLine} that brings vouchers ahead of them. Everything happens on one event loop, but for
 * signing and writing, which happen on a worker, in order.
 */
final class PayingChannel implements PaidBody.Meter {
  private static final Logger LOG = LoggerFactory.getLogger(PayingChannel.class);
  private static final long TICK_MILLIS = 1_000;

  private final Context context;
  private final ChannelStore store;
  private final ChannelStore.Lease lease;
  private final Wallet wallet;
  private final LiveChannel live;
  private final TopUps topUps;
  private final Offers offers;
  private final VoucherLine line;
  private final Map<PaidBody, PaidStream> bodies = new HashMap<>();
  private Offer offer;
  private @Nullable Voucher newest;
  private @Nullable PayerRefusal stopped;
  private boolean unsaved;
  private long timer = -1;

  PayingChannel(Funded funded, Till till, LiveChannel live) {
    this.context = till.context();
    this.store = till.store();
    this.topUps = new TopUps(context, this, till.deposits());
    this.offers = till.offers();
    this.lease = funded.lease();
    this.wallet = funded.wallet();
    this.offer = funded.offer();
    this.live = live;
    this.line = new VoucherLine(this, till);
  }

  ChannelId id() {
    return live.account().id();
  }

  LiveChannel live() {
    return live;
  }

  Wallet wallet() {
    return wallet;
  }

  Offer offer() {
    return offer;
  }

  boolean isUsable() {
    return stopped == null && live.account().isUsable() && !live.isWorn();
  }

  /** Whether the gateway knows the channel, so that vouchers mean anything to it. */
  boolean isAcknowledged() {
    return live.account().state() != State.OPENING;
  }

  /** Why the channel was stopped, or null. */
  @Nullable PayerRefusal stopped() {
    return stopped;
  }

  /** An offer that policy has passed, for the same recipient, token and escrow. */
  void offered(Offer next) {
    offer = next;
    live.offered(next.terms(), next.resource());
  }

  /** Goes on with a fresh challenge, at what policy allows; stops where it allows none of them. */
  void renew(List<Challenge> challenges) {
    if (challenges.isEmpty()) {
      return;
    }
    Offers.Choice choice = offers.choose(challenges, offer.resource(), Instant.now());
    if (choice instanceof Offers.Choice.Declined declined) {
      stop(declined.refusal());
    } else if (choice instanceof Offers.Choice.Accepted taken
        && ChannelKey.of(taken.offer()).equals(ChannelKey.of(offer))) {
      offered(taken.offer());
    }
  }

  /** A request is to be paid for: what it needs at once is counted from here on. */
  PaidStream begin(Offer for_) {
    offered(for_);
    PaidStream stream = live.begin(for_.terms().tariff());
    startTicking();
    return stream;
  }

  /**
   * The request failed, turned out to be free, or was given up.
   *
   * @param cancelled it was given up, and something may be under way
   */
  void abandon(PaidStream stream, boolean cancelled) {
    if (cancelled) {
      live.cancel(stream);
    } else {
      live.end(stream);
    }
    stopTickingWhenIdle();
  }

  /** The response flows: its body is counted and paid for. */
  void flows(PaidBody body, PaidStream stream, long bodyBytes) {
    stream.begins(bodyBytes);
    bodies.put(body, stream);
    line.want();
    line.pump();
  }

  @Override
  public void received(PaidBody body, int bytes) {
    PaidStream stream = bodies.get(body);
    if (stream == null) {
      return;
    }
    live.received(stream, bytes, nowMillis());
    unsaved = true;
    line.received();
    if (!live.account().signed().exceeds(live.account().cost())) {
      context.runOnContext(later -> failIfDry());
    }
  }

  @Override
  public void ended(PaidBody body, boolean cancelled) {
    PaidStream stream = bodies.remove(body);
    if (stream != null) {
      if (cancelled) {
        live.cancel(stream);
      } else {
        live.end(stream);
      }
      save();
      stopTickingWhenIdle();
      line.pump();
    }
  }

  /** Nothing has come for a while: it is money that is missing, if more is asked for. */
  void failIfOutOfMoney() {
    if (live.isOutOfMoney() && !topUps.mayHelp()) {
      fail(live.dryness());
    }
  }

  void failIfDry() {
    if (live.isDry() && !topUps.mayHelp()) {
      fail(live.dryness());
    }
  }

  /** A worn channel breaks its bodies off so that they go on with another; all else is final. */
  private void fail(PayerRefusal refusal) {
    LOG.warn("channel {}: {}", id(), refusal.reason());
    boolean worn = refusal instanceof PayerRefusal.Worn;
    for (PaidBody body : List.copyOf(bodies.keySet())) {
      body.fail(worn ? new IOException(refusal.reason()) : new PaymentRefusedException(refusal));
    }
  }

  /** Signs what is due, or hands out the newest voucher again; durable before it is handed out. */
  Future<Voucher> sign() {
    Amount due = live.due();
    Voucher known = newest;
    if (due == null && known != null && known.cumulative().equals(live.account().signed())) {
      return Future.succeededFuture(known);
    }
    return sign(due == null ? live.account().signed() : due);
  }

  private Future<Voucher> sign(Amount amount) {
    ChannelAccount account = live.sign(amount);
    unsaved = false;
    return context
        .<Voucher>executeBlocking(
            () -> {
              store.save(account);
              return wallet.sign(account.id(), amount);
            },
            true)
        .onSuccess(this::signed);
  }

  private void signed(Voucher voucher) {
    if (newest == null || voucher.cumulative().exceeds(newest.cumulative())) {
      newest = voucher;
    }
  }

  /** The credential that a request goes out with. */
  Future<Credential> authorize(Offer for_) {
    return sign().map(voucher -> new Credential(for_.challenge(), null, Payload.voucher(voucher)));
  }

  /** Why a new request cannot be paid for, or null where it can. */
  @Nullable PayerRefusal lack() {
    if (stopped != null) {
      return stopped;
    }
    boolean alone = live.streams() == 1; // beside others, what is charged may still come
    boolean dry = live.isDry() || (alone && live.isOutOfMoney());
    return dry && !topUps.mayHelp() ? live.dryness() : null;
  }

  /** What the gateway says of the channel, wherever it says it. */
  void receipted(Receipt receipt) {
    if (!receipt.channelId().equals(id())) {
      return;
    }
    line.accepted(receipt.acceptedCumulative());
    PayerRefusal dispute = live.claims(receipt.spent());
    if (dispute != null) {
      stop(dispute);
    }
    line.pump(); // what was charged moves what is due
  }

  /** Pays nothing more on this channel, and keeps what is known of it. */
  void stop(PayerRefusal reason) {
    if (stopped == null) {
      stopped = reason;
      live.in(State.STOPPED);
      fail(reason);
      save();
      line.release();
    }
  }

  /** The chain shows the channel closed: nothing is left in it. */
  void closed() {
    live.in(State.CLOSED);
    save();
  }

  /** The gateway took the first credential: from here on vouchers are enough. */
  void introduced() {
    if (stopped == null) {
      live.in(State.OPEN);
      save();
    }
  }

  /** Adds to the deposit when it will soon be used up; vouchers go on meanwhile. */
  void topUpWhenNear() {
    if (stopped == null && isAcknowledged()) {
      topUps.pump();
    }
  }

  void deposited(Amount total) {
    live.deposited(total);
    save();
    line.pump();
  }

  /** Writes the account down; what was received since the last time counts from then on. */
  Future<Void> save() {
    ChannelAccount account = live.account();
    unsaved = false;
    return context
        .<Void>executeBlocking(
            () -> {
              store.save(account);
              return null;
            },
            true)
        .onFailure(failure -> LOG.error("channel {}: {}", id(), failure.getMessage()));
  }

  private void startTicking() {
    if (timer < 0) {
      timer = context.owner().setPeriodic(TICK_MILLIS, tick -> tick());
    }
  }

  private void tick() {
    if (unsaved) {
      save();
    }
    topUpWhenNear();
    failIfDry();
    if (stopped == null && live.isStarved(nowMillis())) {
      stop(live.starvation());
    }
    line.tick();
  }

  private void stopTickingWhenIdle() {
    if (live.streams() == 0 && timer >= 0) {
      context.owner().cancelTimer(timer);
      timer = -1;
      line.idle();
    }
  }

  /** The process ends: a last voucher for what came, the account on disk, the channel let go. */
  Future<Void> finish() {
    for (PaidBody body : List.copyOf(bodies.keySet())) {
      body.cancel();
    }
    Future<Void> paid = stopped == null ? line.finish() : Future.succeededFuture();
    return paid.otherwiseEmpty().compose(any -> save()).otherwiseEmpty().onComplete(any -> leave());
  }

  /** Lets the channel go; it stays on disk. */
  void leave() {
    line.release();
    lease.close();
  }

  static long nowMillis() {
    return System.nanoTime() / 1_000_000;
  }
}
