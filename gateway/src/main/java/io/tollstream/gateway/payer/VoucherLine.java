package io.tollstream.gateway.payer;

import io.tollstream.channels.Voucher;
import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.Credential;
import io.tollstream.gateway.wire.Frame;
import io.tollstream.gateway.wire.ProblemType;
import io.tollstream.gateway.wire.Receipt;
import io.tollstream.metering.Amount;
import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings one channel's vouchers to the gateway: one is under way at a time, and when it is
 * acknowledged the newest goes next. Over the payment socket where it is up, else by HEAD.
 */
final class VoucherLine implements PaymentSocket.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(VoucherLine.class);
  private static final long ACKNOWLEDGED_WITHIN_SECONDS = 5;
  private static final long FIRST_RETRY_MILLIS = 200;
  private static final long MAX_RETRY_MILLIS = 5_000;

  /** A stream that brings nothing for so long may be held for a voucher. */
  private static final long SILENT_MILLIS = 1_000;

  /** How long the socket outlives the last stream. */
  private static final long LINGER_MILLIS = 20_000;

  private final PayingChannel channel;
  private final Till till;
  private final Context context;
  private @Nullable PaymentSocket socket;
  private @Nullable Promise<Answer> awaited; // the answer to what went over the socket
  private Amount accepted = Amount.ZERO;
  private Amount sent = Amount.ZERO; // the voucher under way
  private boolean busy;
  private boolean released;
  private boolean greeting; // the socket is new and waits for its first frame
  private long retryMillis = FIRST_RETRY_MILLIS;
  private long receivedAtMillis;
  private long lingering = -1;

  VoucherLine(PayingChannel channel, Till till) {
    this.channel = channel;
    this.till = till;
    this.context = till.context();
  }

  /** A stream runs: keep the payment socket up. */
  void want() {
    receivedAtMillis = PayingChannel.nowMillis();
    cancelLinger();
    String path = channel.offer().terms().paymentSocket();
    if (socket == null && path != null && path.startsWith("/")) {
      socket = new PaymentSocket(context, till.link(), path, this);
    }
    if (socket != null) {
      socket.want();
    }
  }

  /** No stream runs. */
  void idle() {
    if (lingering < 0) {
      lingering = context.owner().setTimer(LINGER_MILLIS, timer -> linger());
    }
  }

  private void linger() {
    lingering = -1;
    if (socket != null) {
      socket.release();
    }
  }

  private void cancelLinger() {
    if (lingering >= 0) {
      context.owner().cancelTimer(lingering);
      lingering = -1;
    }
  }

  void release() {
    released = true;
    cancelLinger();
    if (socket != null) {
      socket.release();
    }
  }

  void received() {
    receivedAtMillis = PayingChannel.nowMillis();
    pump();
  }

  /** The gateway holds a voucher of this amount, at least. */
  void accepted(Amount amount) {
    accepted = accepted.max(amount);
    Promise<Answer> waiting = awaited;
    if (waiting != null && !sent.exceeds(accepted)) {
      waiting.tryComplete(new Answer.Taken(null, List.of()));
    }
  }

  /** Sends the next voucher, where one is due or the last one did not arrive. */
  void pump() {
    if (busy || released || !channel.isAcknowledged() || channel.live().streams() == 0) {
      return;
    }
    channel.topUpWhenNear();
    if (greeting || channel.live().due() != null || isBehind()) {
      deliver();
    }
  }

  private boolean isBehind() {
    return channel.live().account().signed().exceeds(accepted);
  }

  private void deliver() {
    busy = true;
    long started = PayingChannel.nowMillis();
    channel.sign().compose(this::send).onComplete(done -> answered(done, started));
  }

  private void answered(AsyncResult<Answer> done, long startedMillis) {
    if (done.succeeded() && done.result() instanceof Answer.Taken taken) {
      channel.live().window().acknowledged(PayingChannel.nowMillis() - startedMillis);
      retryMillis = FIRST_RETRY_MILLIS;
      busy = false;
      accepted(sent);
      notice(taken);
      pump();
    } else if (done.succeeded() && done.result() instanceof Answer.Refused refused) {
      LOG.info("channel {}: voucher of {} refused: {}", channel.id(), sent, told(refused));
      refused(refused).onComplete(any -> retry());
    } else {
      LOG.debug("channel {}: voucher not delivered: {}", channel.id(), done.cause().toString());
      retry();
    }
  }

  /** A refusal without its challenges, which authenticate who has them. */
  private static String told(Answer.Refused refused) {
    return refused.status() + " " + refused.problem() + " " + refused.detail();
  }

  private void notice(Answer.Taken taken) {
    if (taken.receipt() != null) {
      channel.receipted(taken.receipt());
    }
    channel.renew(taken.challenges());
  }

  private void retry() {
    long delay = retryMillis;
    retryMillis = Math.min(MAX_RETRY_MILLIS, 2 * retryMillis);
    context
        .owner()
        .setTimer(
            delay,
            timer -> {
              busy = false;
              pump();
            });
  }

  /**
   * Sends a voucher with a challenge that still holds; a film may outlast the one it began with.
   */
  private Future<Answer> send(Voucher voucher) {
    sent = voucher.cumulative();
    if (!Offers.hasExpired(channel.offer().challenge(), Instant.now())) {
      return sendNow(voucher);
    }
    return till.link()
        .challenges(channel.offer().resource())
        .onSuccess(channel::renew)
        .otherwiseEmpty()
        .compose(renewed -> sendNow(voucher));
  }

  private Future<Answer> sendNow(Voucher voucher) {
    Credential credential =
        new Credential(channel.offer().challenge(), null, Payload.voucher(voucher));
    PaymentSocket open = socket;
    return open != null && open.isOpen()
        ? sendOver(open, credential)
        : till.link().pay(channel.offer().resource(), credential);
  }

  private Future<Answer> sendOver(PaymentSocket open, Credential credential) {
    Promise<Answer> answer = Promise.promise();
    greeting = false;
    awaited = answer;
    open.send(credential.header()).onFailure(answer::tryFail);
    long timer = // not Future.timeout, which would call back on a thread of its own
        context
            .owner()
            .setTimer(
                ACKNOWLEDGED_WITHIN_SECONDS * 1_000,
                silent -> answer.tryFail("the payment socket is silent"));
    return answer
        .future()
        .onComplete(any -> context.owner().cancelTimer(timer))
        .onComplete(any -> awaited = null)
        .onFailure(silent -> open.drop());
  }

  /** Deals with what a refusal says, so that the next try can do better. */
  private Future<Void> refused(Answer.Refused refused) {
    if (refused.isGone()) {
      channel.stop(new PayerRefusal.GatewayRefused(refused.status(), refused.detail()));
      return Future.succeededFuture();
    }
    if (refused.status() == 402 && !refused.is(ProblemType.DELTA_TOO_SMALL)) {
      Future<List<Challenge>> fresh =
          refused.challenges().isEmpty()
              ? till.link().challenges(channel.offer().resource())
              : Future.succeededFuture(refused.challenges());
      return fresh.onSuccess(channel::renew).<Void>mapEmpty().otherwiseEmpty();
    }
    return Future.succeededFuture();
  }

  /** Without a socket nobody tells that a stream holds: a silent one is asked for. */
  void tick() {
    pump();
    long silence = PayingChannel.nowMillis() - receivedAtMillis;
    if (silence >= LiveChannel.STARVED_MILLIS) {
      channel.failIfOutOfMoney();
    }
    boolean silent = silence >= SILENT_MILLIS;
    boolean idle = !busy && !released && channel.isAcknowledged();
    if (silent && idle && (socket == null || !socket.isOpen())) {
      ask();
    }
  }

  private void ask() {
    busy = true;
    channel
        .sign()
        .compose(this::send)
        .onComplete(
            done -> {
              busy = false;
              if (done.succeeded() && done.result() instanceof Answer.Taken taken) {
                accepted(sent);
                notice(taken);
                demandWhatIsMissing(taken.receipt());
              }
              pump();
            });
  }

  private void demandWhatIsMissing(@Nullable Receipt receipt) {
    LiveChannel live = channel.live();
    if (receipt != null && !live.account().signed().exceeds(receipt.spent())) {
      live.demands(receipt.spent().plusOrMax(live.chunkCost()));
    }
  }

  /** The last voucher, for what came and is not covered yet. */
  Future<Void> finish() {
    if (!channel.isAcknowledged() || (channel.live().due() == null && !isBehind())) {
      return Future.succeededFuture();
    }
    return channel
        .sign()
        .compose(this::send)
        .timeout(ACKNOWLEDGED_WITHIN_SECONDS, TimeUnit.SECONDS)
        .mapEmpty();
  }

  @Override
  public void connected() {
    greeting = true;
    pump();
  }

  @Override
  public void frame(Frame frame) {
    if (frame instanceof Frame.NeedVoucher need && need.channelId().equals(channel.id())) {
      channel.live().demands(need.requiredCumulative());
      accepted(need.acceptedCumulative());
      pump();
    } else if (frame instanceof Frame.Receipted receipted) {
      channel.receipted(receipted.receipt());
    } else if (frame instanceof Frame.CloseReady closed) {
      channel.receipted(closed.receipt());
      channel.stop(new PayerRefusal.GatewayRefused(410, "the gateway has closed the channel"));
    } else if (frame instanceof Frame.Failed failed) {
      failed(failed);
    }
  }

  private void failed(Frame.Failed failed) {
    Promise<Answer> waiting = awaited;
    Answer.Refused refused = Answer.refused(failed);
    if (waiting != null) {
      waiting.tryComplete(refused);
    } else {
      LOG.info("channel {}: the gateway reports {}", channel.id(), told(refused));
    }
  }

  @Override
  public void lost() {
    Promise<Answer> waiting = awaited;
    greeting = false;
    if (waiting != null) {
      waiting.tryFail("the payment socket broke");
    }
    pump();
  }
}
