package io.tollstream.gateway.payer;

import io.tollstream.gateway.payer.PlayerGuard.Rejection;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.core.streams.ReadStream;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The local paying proxy: any player that can open a URL plays through it, and what it asks for is
 * paid for on the way. One gateway, one event loop.
 */
final class PayingProxy {
  /** The proxy's own page: where its channels and its budget stand. */
  static final String STATUS_PATH = "/.tollstream/payer";

  private static final Logger LOG = LoggerFactory.getLogger(PayingProxy.class);
  private static final String OWN_PREFIX = "/.tollstream/";
  private static final int MAX_HEADER_BYTES = 64 << 10;
  private static final long DRAIN_SECONDS = 2;

  /** What a player has not taken yet when it seeks is paid for in vain: little is kept ready. */
  private static final int SEND_BUFFER_BYTES = 512 << 10;

  private final PayingClient client;
  private final PlayerGuard guard;
  private final PayerStatus status;
  private final HttpServer server;

  PayingProxy(PayingClient client, PlayerGuard guard, PayerStatus status) {
    this.client = client;
    this.guard = guard;
    this.status = status;
    this.server =
        client
            .till()
            .context()
            .owner()
            .createHttpServer(
                new HttpServerOptions()
                    .setMaxHeaderSize(MAX_HEADER_BYTES)
                    .setMaxInitialLineLength(MAX_HEADER_BYTES)
                    .setSendBufferSize(SEND_BUFFER_BYTES)
                    .setTcpKeepAlive(true))
            .requestHandler(this::handle);
  }

  /** Listens; completes with the port. Must be called on the client's event loop. */
  Future<Integer> listen(String host, int port) {
    return server.listen(port, host).map(HttpServer::actualPort);
  }

  /** Takes no more requests, pays for what came and writes everything down. */
  Future<Void> close() {
    return server
        .shutdown(DRAIN_SECONDS, TimeUnit.SECONDS)
        .otherwiseEmpty()
        .compose(closed -> client.finish());
  }

  private void handle(HttpServerRequest request) {
    Rejection rejection = guard.check(request, server.actualPort());
    if (rejection != null) {
      refuse(request, rejection.status(), "Not served here", rejection.reason());
    } else if (request.uri().startsWith(OWN_PREFIX)) {
      own(request);
    } else if (!request.uri().startsWith("/") || request.method().equals(HttpMethod.CONNECT)) {
      refuse(request, 421, "Not served here", "this is a reverse proxy: ask for a path");
    } else {
      forward(request);
    }
  }

  private void own(HttpServerRequest request) {
    if (!request.uri().equals(STATUS_PATH)) {
      refuse(request, 404, "Not found", "the proxy's own page is " + STATUS_PATH);
      return;
    }
    request
        .response()
        .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
        .end(status.json(client).encodePrettily() + "\n");
  }

  private void forward(HttpServerRequest player) {
    PaidRequest request =
        new PaidRequest(
            player.method(), player.uri(), PlayerHeaders.upstream(player.headers()), body(player));
    Exchange exchange = client.exchange(request);
    player.response().closeHandler(gone -> exchange.cancel());
    player.response().exceptionHandler(gone -> exchange.cancel());
    exchange
        .run()
        .onSuccess(response -> answer(player, request, response))
        .onFailure(failure -> failed(player, failure));
  }

  private static @Nullable ReadStream<Buffer> body(HttpServerRequest player) {
    String length = player.getHeader(HttpHeaders.CONTENT_LENGTH);
    boolean chunked = player.headers().contains(HttpHeaders.TRANSFER_ENCODING);
    if (!chunked && (length == null || length.equals("0"))) {
      return null;
    }
    player.pause();
    if ("100-continue".equalsIgnoreCase(player.getHeader(HttpHeaders.EXPECT))) {
      player.response().writeContinue();
    }
    return player;
  }

  private void answer(HttpServerRequest player, PaidRequest request, PaidResponse response) {
    HttpServerResponse down = player.response();
    if (down.closed()) {
      response.body().cancel();
      return;
    }
    down.setStatusCode(response.status()).setStatusMessage(response.head().statusMessage());
    down.headers().addAll(PlayerHeaders.downstream(response.headers()));
    boolean bodiless =
        player.method().equals(HttpMethod.HEAD)
            || response.status() == 204
            || response.status() == 304;
    if (bodiless) {
      response.body().resume();
      down.end();
    } else {
      stream(down, new ResumingBody(client, request, response));
    }
  }

  private static void stream(HttpServerResponse down, ResumingBody body) {
    if (!down.headers().contains(HttpHeaders.CONTENT_LENGTH)) {
      down.setChunked(true);
    }
    down.closeHandler(gone -> body.cancel());
    down.exceptionHandler(gone -> body.cancel());
    body.pipe()
        .endOnSuccess(false)
        .endOnFailure(false)
        .to(down)
        .onSuccess(whole -> end(down, body))
        .onFailure(failure -> abort(down, body, failure));
  }

  private static void end(HttpServerResponse down, ResumingBody body) {
    if (down.isChunked() && !body.trailers().isEmpty()) {
      down.trailers().addAll(body.trailers());
    }
    down.end();
  }

  /** What is not whole must not look whole: the connection breaks instead of ending. */
  private static void abort(HttpServerResponse down, ResumingBody body, Throwable failure) {
    LOG.warn("a response was broken off: {}", failure.getMessage());
    body.cancel();
    down.reset();
  }

  private static void failed(HttpServerRequest player, Throwable failure) {
    if (failure instanceof PaymentRefusedException refused) {
      LOG.warn("{} {}: {}", player.method(), player.path(), refused.getMessage());
      refuse(player, 502, "The payer does not pay this", refused.refusal().reason());
    } else if (failure instanceof StateException broken) {
      LOG.error("{}", broken.getMessage());
      refuse(player, 502, "The payer's state cannot be used", String.valueOf(broken.getMessage()));
    } else {
      LOG.warn("{} {}: {}", player.method(), player.path(), failure.toString());
      refuse(player, 502, "The gateway cannot be reached", String.valueOf(failure.getMessage()));
    }
  }

  private static void refuse(HttpServerRequest player, int status, String title, String detail) {
    HttpServerResponse down = player.response();
    if (down.ended() || down.closed()) {
      return;
    }
    JsonObject problem =
        new JsonObject()
            .put("type", "about:blank")
            .put("title", title)
            .put("status", status)
            .put("detail", detail);
    down.setStatusCode(status)
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
        .putHeader(HttpHeaders.CONTENT_TYPE, Problem.MEDIA_TYPE)
        .end(player.method().equals(HttpMethod.HEAD) ? "" : problem.encode());
  }
}
