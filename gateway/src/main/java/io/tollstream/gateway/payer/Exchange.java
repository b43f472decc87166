package io.tollstream.gateway.payer;

import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.Credential;
import io.tollstream.gateway.wire.ProblemType;
import io.tollstream.gateway.wire.Receipt;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request until its answer flows: sent with what is known, paid for where the gateway asks, and
 * sent again, a bounded number of times.
 */
final class Exchange {
  private static final int MAX_TRIES = 5;

  /** Waits that a gateway asks for are kept to this; longer ones are the player's to decide. */
  private static final int MAX_WAIT_SECONDS = 10;

  /** How long a response's head may take: a gateway may wait for a chain before it. */
  private static final long HEAD_SECONDS = 120;

  private final Till till;
  private final ChannelBook book;
  private final PaidRequest request;
  private int triesLeft = MAX_TRIES;
  private boolean challenged;
  private @Nullable PayingChannel channel;
  private @Nullable PaidStream stream;
  private @Nullable RequestBody body;
  private @Nullable HttpClientRequest upstream;
  private boolean cancelled;

  Exchange(Till till, ChannelBook book, PaidRequest request) {
    this.till = till;
    this.book = book;
    this.request = request;
  }

  Future<PaidResponse> run() {
    Offer known = request.isFree() ? null : till.offers().find(request.uri(), Instant.now());
    Future<PaidResponse> outcome = known == null ? dispatch(null) : pay(known);
    return outcome.onFailure(failure -> abandon());
  }

  /** Nobody wants the answer any more: nothing is sent or paid for it from now on. */
  void cancel() {
    cancelled = true;
    if (upstream != null) {
      upstream.reset();
    }
  }

  private Future<PaidResponse> pay(Offer offer) {
    return book.forOffer(offer).compose(found -> payWith(found, offer));
  }

  private Future<PaidResponse> payWith(PayingChannel found, Offer offer) {
    channel = found;
    stream = found.begin(offer);
    PayerRefusal lack = found.lack();
    return lack != null ? Stages.refused(lack) : found.authorize(offer).compose(this::dispatch);
  }

  private void abandon() {
    if (channel != null && stream != null) {
      channel.abandon(stream, cancelled);
    }
    channel = null;
    stream = null;
  }

  private Future<PaidResponse> dispatch(@Nullable Credential credential) {
    triesLeft--;
    if (cancelled) {
      return Future.failedFuture(new CancellationException("the player has gone"));
    }
    return till.link()
        .request(request.method(), request.uri())
        .compose(made -> send(made, credential))
        .compose(this::inspect);
  }

  private Future<HttpClientResponse> send(HttpClientRequest made, @Nullable Credential credential) {
    upstream = made;
    made.headers().addAll(request.headers());
    if (credential != null) {
      made.headers().add(HttpHeaders.AUTHORIZATION, credential.header());
    }
    Future<HttpClientResponse> head = made.response().onSuccess(HttpClientResponse::pause);
    if (cancelled) {
      made.reset();
    } else if (request.body() == null) {
      made.end();
    } else {
      body = body == null ? new RequestBody(till.context(), request.body()) : body;
      body.sendTo(made);
    }
    return head.timeout(HEAD_SECONDS, TimeUnit.SECONDS).onFailure(failure -> made.reset());
  }

  private Future<PaidResponse> inspect(HttpClientResponse head) {
    boolean paid = channel != null;
    return switch (head.statusCode()) {
      case 402 -> Problem.read(head).compose(refused -> challenged(refused));
      case 409, 410, 429, 503 -> paid ? troubled(head) : flow(head);
      default -> flow(head);
    };
  }

  private Future<PaidResponse> challenged(Answer.Refused refused) {
    List<Challenge> challenges = refused.challenges();
    Offers.Choice choice = till.offers().choose(challenges, request.uri(), Instant.now());
    if (choice instanceof Offers.Choice.Declined declined) {
      abandon();
      return Stages.refused(declined.refusal());
    }
    Offer offer = ((Offers.Choice.Accepted) choice).offer();
    PayingChannel before = channel;
    if (before != null && refused.is(ProblemType.INSUFFICIENT_BALANCE)) {
      before.live().demands(before.live().ceiling());
    }
    abandon();
    challenged = true;
    return mayRepeat() ? pay(offer) : giveUp(refused);
  }

  private boolean mayRepeat() {
    return triesLeft > 0 && (body == null || !body.isConsumed());
  }

  private Future<PaidResponse> giveUp(Answer.Refused refused) {
    return body != null && body.isConsumed()
        ? Stages.refused(new PayerRefusal.BodyNotRepeatable())
        : Stages.refused(new PayerRefusal.GatewayRefused(refused.status(), refused.detail()));
  }

  /** A status that may be about the payment: only its problem type tells. */
  private Future<PaidResponse> troubled(HttpClientResponse head) {
    if (!Problem.isProblem(head)) {
      return flow(head);
    }
    return Problem.read(head).compose(this::recover);
  }

  private Future<PaidResponse> recover(Answer.Refused refused) {
    PayingChannel used = channel;
    abandon();
    if (used != null && refused.isGone()) {
      used.stop(new PayerRefusal.GatewayRefused(refused.status(), refused.detail()));
    }
    int wait = refused.isGone() ? 0 : Math.max(1, refused.retryAfterSeconds());
    if (!mayRepeat() || wait > MAX_WAIT_SECONDS) {
      return giveUp(refused);
    }
    return waitFor(wait).compose(waited -> again());
  }

  private Future<PaidResponse> again() {
    Offer known = till.offers().find(request.uri(), Instant.now());
    return known == null ? dispatch(null) : pay(known);
  }

  private Future<Void> waitFor(int seconds) {
    if (seconds == 0) {
      return Future.succeededFuture();
    }
    Promise<Void> waited = Promise.promise();
    till.context().owner().setTimer(seconds * 1_000L, timer -> waited.complete());
    return waited.future();
  }

  private Future<PaidResponse> flow(HttpClientResponse head) {
    PayingChannel payer = channel;
    PaidStream paid = stream;
    if (payer == null || paid == null || !costs(head)) {
      abandon();
      receipt(head, payer);
      return Future.succeededFuture(new PaidResponse(head, new PaidBody(head, FREE), null));
    }
    PaidBody metered = new PaidBody(head, payer);
    payer.flows(metered, paid, length(head));
    receipt(head, payer);
    channel = null;
    stream = null;
    return Future.succeededFuture(new PaidResponse(head, metered, payer));
  }

  private static void receipt(HttpClientResponse head, @Nullable PayingChannel payer) {
    Receipt receipt = Answer.receipt(head.headers());
    if (payer != null && receipt != null) {
      payer.receipted(receipt);
    }
  }

  /** Whether the gateway charges for the body: errors and bodies that are none are free. */
  private boolean costs(HttpClientResponse head) {
    int status = head.statusCode();
    boolean bodiless = request.method().equals(HttpMethod.HEAD) || status == 204 || status == 304;
    boolean sold = challenged || head.headers().contains(Receipt.HEADER);
    return !bodiless && status < 400 && sold;
  }

  private static long length(HttpClientResponse head) {
    String length = head.getHeader(HttpHeaders.CONTENT_LENGTH);
    try {
      return length == null ? PaidStream.UNKNOWN : Math.max(0, Long.parseLong(length));
    } catch (NumberFormatException e) {
      return PaidStream.UNKNOWN;
    }
  }

  private static final PaidBody.Meter FREE =
      new PaidBody.Meter() {
        @Override
        public void received(PaidBody body, int bytes) {}

        @Override
        public void ended(PaidBody body, boolean cancelled) {}
      };
}
