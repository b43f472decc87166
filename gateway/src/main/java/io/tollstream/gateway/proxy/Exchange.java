package io.tollstream.gateway.proxy;

import io.tollstream.channels.Refusal;
import io.tollstream.gateway.payment.Credit;
import io.tollstream.gateway.payment.Offer;
import io.tollstream.gateway.payment.PaymentGate;
import io.tollstream.gateway.payment.RequestBody;
import io.tollstream.gateway.telemetry.RouteMetrics;
import io.tollstream.gateway.wire.Receipt;
import io.tollstream.metering.StreamMeter;
import io.vertx.core.Future;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request, its origin's response, and what becomes of both: forwards head and body, meters the
 * body where there is credit to meter it against, and sees to it that a response that was not whole
 * never looks whole.
 */
final class Exchange implements MeteredStream.Exchange {
  private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);

  /** A body that is whole waits no longer than this for the ledger to say what it cost. */
  private static final long TRAILER_SECONDS = 2;

  /** How long an origin may take to begin its answer to a request without a body. */
  private static final long FIRST_BYTE_SECONDS = 60;

  private final Route route;
  private final HttpServerRequest request;
  private final @Nullable Credit credit;
  private final PaymentGate gate;
  private final HoldClock clock;
  private final RouteMetrics metrics;

  private @Nullable HttpClientRequest toOrigin;
  private @Nullable HttpClientResponse fromOrigin;
  private @Nullable MeteredStream stream;
  private boolean over;
  private boolean creditClosed;
  private boolean endsByClosing; // HTTP/1.0 knows no other end of a body without a length

  /**
   * An exchange.
   *
   * @param credit what its body draws on, or null where it costs nothing
   */
  Exchange(
      Route route,
      HttpServerRequest request,
      @Nullable Credit credit,
      PaymentGate gate,
      HoldClock clock,
      RouteMetrics metrics) {
    this.route = route;
    this.request = request;
    this.credit = credit;
    this.gate = gate;
    this.clock = clock;
    this.metrics = metrics;
  }

  /** Sends the request on; the request is paused until the origin takes its body. */
  void start(HttpClient client) {
    request.response().exceptionHandler(failure -> clientGone());
    request.response().closeHandler(closed -> clientGone());
    Future.succeededFuture()
        .compose(now -> client.request(options())) // a client that is closed already throws
        .compose(
            origin -> {
              toOrigin = origin;
              if (over) {
                origin.reset();
                return Future.failedFuture("the client is gone");
              }
              Headers.copyRequest(request, origin.headers(), credit != null);
              return send(origin);
            })
        .onSuccess(this::responded)
        .onFailure(this::originFailed);
  }

  private RequestOptions options() {
    return new RequestOptions()
        .setServer(null)
        .setHost(route.originAddress().host())
        .setPort(route.originAddress().port())
        .setSsl(route.isOriginSecure())
        .setMethod(request.method())
        .setURI(CanonicalPath.originForm(request.uri()));
  }

  private Future<HttpClientResponse> send(HttpClientRequest origin) {
    if (!RequestBody.isExpected(request)) {
      request.resume();
      return origin.send().timeout(FIRST_BYTE_SECONDS, TimeUnit.SECONDS);
    }
    if (request.getHeader("Content-Length") == null) {
      origin.setChunked(true);
    }
    if ("100-continue".equalsIgnoreCase(request.getHeader("Expect"))) {
      client().writeContinue();
    }
    return origin.send(request);
  }

  private void responded(HttpClientResponse response) {
    fromOrigin = response;
    response.exceptionHandler(this::originFailed);
    if (over) {
      dropOrigin();
      return;
    }
    if (response.statusCode() == 101) {
      originFailed(new IllegalStateException("the origin switched protocols unasked"));
      return;
    }
    if (credit == null || isFree(response)) {
      pipe(response);
    } else {
      meter(response, credit);
    }
  }

  private boolean isFree(HttpClientResponse response) {
    int status = response.statusCode();
    return status >= 400
        || status == 204
        || status == 304
        || request.method().equals(HttpMethod.HEAD)
        || request.method().equals(HttpMethod.OPTIONS);
  }

  private void meter(HttpClientResponse response, Credit paid) {
    long length = Headers.contentLength(response.headers());
    MeteredStream metered = new MeteredStream(paid, this, response, clock, metrics);
    stream = metered;
    metered.start(length < 0 ? StreamMeter.UNKNOWN_LENGTH : length);
  }

  private void pipe(HttpClientResponse response) {
    begin();
    closeCredit();
    response
        .pipe()
        .endOnFailure(false) // half a body must not look whole
        .endOnSuccess(false)
        .to(client())
        .onSuccess(done -> endFree())
        .onFailure(this::originFailed);
  }

  private void endFree() {
    if (over) {
      return;
    }
    over = true;
    copyTrailers();
    endPlain();
  }

  private void endPlain() {
    Future<Void> ended = client().end();
    if (endsByClosing) {
      ended.onComplete(done -> request.connection().close());
    }
  }

  private void copyTrailers() {
    Objects.requireNonNull(fromOrigin)
        .trailers()
        .forEach(
            (name, value) -> {
              if (!name.equalsIgnoreCase(Receipt.HEADER)) {
                client().trailers().add(name, value);
              }
            });
  }

  @Override
  public HttpServerResponse client() {
    return request.response();
  }

  @Override
  public void begin() {
    HttpClientResponse response = Objects.requireNonNull(fromOrigin);
    HttpServerResponse client = client();
    client.setStatusCode(response.statusCode());
    if (response.statusMessage() != null && request.version() != HttpVersion.HTTP_2) {
      client.setStatusMessage(response.statusMessage());
    }
    Headers.copyResponse(response.headers(), client.headers(), response.version());
    if (credit != null && response.statusCode() / 100 == 2) {
      Headers.addReceipt(client.headers(), credit.receipt(null));
    }
    if (!client.headers().contains("Content-Length") && hasBody(response)) {
      endsByClosing = request.version() == HttpVersion.HTTP_1_0;
      client.setChunked(!endsByClosing);
      if (endsByClosing) {
        client.putHeader("Connection", "close");
      }
    }
  }

  private boolean hasBody(HttpClientResponse response) {
    int status = response.statusCode();
    return status != 204 && status != 304 && !request.method().equals(HttpMethod.HEAD);
  }

  @Override
  public void finish(Future<Void> settled) {
    over = true;
    HttpServerResponse client = client();
    if (!client.isChunked() && request.version() != HttpVersion.HTTP_2) {
      endPlain();
      return;
    }
    copyTrailers();
    if (!Headers.acceptsTrailers(request)) {
      client.end();
      return;
    }
    settled
        .timeout(TRAILER_SECONDS, TimeUnit.SECONDS)
        .onComplete(
            done -> {
              Credit paid = Objects.requireNonNull(credit);
              client.putTrailer(Receipt.HEADER, paid.receipt(units()));
              client.end();
            });
  }

  private long units() {
    return stream == null ? 0 : stream.usedQuanta();
  }

  @Override
  public void cut(@Nullable Refusal why) {
    if (over) {
      return;
    }
    over = true;
    dropOrigin();
    Offer offer = Objects.requireNonNull(route.offer());
    if (client().headWritten()) {
      Abort.abort(request);
    } else if (why == null) {
      gate.starved(request, offer);
    } else {
      gate.refused(request, offer, why);
    }
  }

  private void clientGone() {
    if (!over) {
      over = true;
      leave();
      dropOrigin();
    }
  }

  private void originFailed(Throwable failure) {
    if (over) {
      leave();
      return;
    }
    over = true;
    leave();
    dropOrigin();
    metrics.cutForOrigin();
    LOG.debug("Route {}: the origin failed: {}", route.name(), failure.toString());
    if (client().headWritten()) {
      Abort.abort(request);
    } else {
      OriginProblem.answer(request, failure instanceof TimeoutException ? 504 : 502);
    }
  }

  private void leave() {
    if (stream != null) {
      stream.abandon();
    } else {
      closeCredit();
    }
  }

  /** Leaves the tab of a response that costs nothing. */
  private void closeCredit() {
    if (credit != null && !creditClosed) {
      creditClosed = true;
      credit.close(0);
    }
  }

  /**
   * Wants no more of the origin's answer. One that has come whole by now leaves its connection to
   * the next request, which must not find it paused: so the rest is read and passed over.
   */
  private void dropOrigin() {
    if (toOrigin != null) {
      toOrigin.reset();
    }
    if (fromOrigin != null) {
      fromOrigin.resume();
    }
  }
}
