package io.tollstream.gateway.payment;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Result;
import io.tollstream.gateway.payment.PaymentGate.Checked;
import io.tollstream.gateway.payment.Payments.Paid;
import io.tollstream.gateway.wire.Credential;
import io.tollstream.gateway.wire.Frame;
import io.tollstream.gateway.wire.ProblemType;
import io.tollstream.gateway.wire.Receipt;
import io.tollstream.gateway.wire.WireException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.ServerWebSocket;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One payment socket: credentials in, receipts and demands out, without a request each. It hears of
 * a channel only after a valid credential for it, and takes one frame at a time, so that a flood of
 * them waits in the sender's socket.
 */
final class PaymentSocket implements PaymentListener {
  /** A socket that has not paid by then is closed. */
  private static final long FIRST_FRAME_MILLIS = 10_000;

  private static final int MAX_CHANNELS = 16;
  private static final short POLICY_VIOLATION = 1008;

  private final ServerWebSocket socket;
  private final Context context;
  private final Map<String, Offer> offers;
  private final PaymentGate gate;
  private final Tabs tabs;
  private final InstantSource clock;
  private final Set<ChannelId> channels = new HashSet<>();

  PaymentSocket(
      ServerWebSocket socket,
      Context context,
      Map<String, Offer> offers,
      PaymentGate gate,
      Tabs tabs,
      InstantSource clock) {
    this.socket = socket;
    this.context = context;
    this.offers = offers;
    this.gate = gate;
    this.tabs = tabs;
    this.clock = clock;
  }

  void start(Vertx vertx) {
    long timer =
        vertx.setTimer(
            FIRST_FRAME_MILLIS,
            now -> {
              if (channels.isEmpty()) {
                socket.close(POLICY_VIOLATION, "a credential was expected");
              }
            });
    socket.closeHandler(
        closed -> {
          vertx.cancelTimer(timer);
          channels.forEach(id -> tabs.unsubscribe(id, this));
        });
    socket.exceptionHandler(failure -> socket.close());
    socket.textMessageHandler(this::frame);
    socket.binaryMessageHandler(binary -> socket.close(POLICY_VIOLATION, "text frames only"));
  }

  /** One message at a time, however many fragments it comes in. */
  private void frame(String text) {
    socket.pause();
    answer(text)
        .onComplete(
            answered -> {
              Frame frame = answered.result();
              if (frame != null) {
                write(frame);
              }
              if (channels.isEmpty()) {
                socket.close(POLICY_VIOLATION, "the first frame must be a valid credential");
              } else {
                socket.resume();
              }
            });
  }

  private Future<Frame> answer(String text) {
    try {
      if (!(Frame.parse(text) instanceof Frame.Authorization authorization)) {
        return failed(new Problem(ProblemType.MALFORMED_CREDENTIAL, "mpp: expected authorization"));
      }
      return pay(Credential.parse(authorization.header()));
    } catch (WireException e) {
      return failed(new Problem(ProblemType.MALFORMED_CREDENTIAL, e.reason()));
    }
  }

  private Future<Frame> pay(Credential credential) {
    Offer offer = offer(credential);
    if (offer == null) {
      return failed(
          new Problem(ProblemType.CHALLENGE_NOT_FOUND, "No such challenge was issued here"));
    }
    Checked checked = gate.check(credential, offer);
    PaymentAction action = checked.action();
    if (action == null) {
      return failed(Objects.requireNonNull(checked.problem()));
    }
    return gate.pay(offer, action, context)
        .compose(result -> paid(new Receipts(offer, checked.challengeId(), clock), action, result));
  }

  private @Nullable Offer offer(Credential credential) {
    return credential.challenge().opaqueJson().getValue("route") instanceof String route
        ? offers.get(route)
        : null;
  }

  private Future<Frame> paid(Receipts receipts, PaymentAction action, Result<Paid> result) {
    if (result instanceof Result.Refused<Paid> refused) {
      return failed(Problem.of(refused.refusal()));
    }
    Paid paid = ((Result.Ok<Paid>) result).value();
    ChannelId id = paid.tab().id();
    if (!socket.isClosed() && channels.size() < MAX_CHANNELS && channels.add(id)) {
      tabs.subscribe(id, this);
    }
    Receipt receipt = receipts.of(paid.tab(), null, paid.transactionHash());
    return Future.succeededFuture(
        action instanceof PaymentAction.Close
            ? new Frame.CloseReady(receipt)
            : new Frame.Receipted(receipt));
  }

  private static Future<Frame> failed(Problem problem) {
    return Future.succeededFuture(
        new Frame.Failed(
            problem.type().status(), problem.detail(), problem.type().toJson(problem.detail())));
  }

  /** Demands and receipts tell of a state: one that a slow reader misses, the next makes good. */
  @Override
  public void tell(Frame frame) {
    context.runOnContext(
        now -> {
          if (!socket.isClosed() && !socket.writeQueueFull()) {
            write(frame);
          }
        });
  }

  private void write(Frame frame) {
    if (!socket.isClosed()) {
      socket.writeTextMessage(frame.toJson().encode());
    }
  }
}
