package io.tollstream.gateway.payer;

import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.Credential;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.core.http.WebSocketConnectOptions;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Connections to one gateway. Whatever is sent through it, credentials above all, can reach that
 * origin only; redirects are never followed here.
 */
final class GatewayLink {
  private static final int CONNECT_MILLIS = 10_000;
  private static final int MAX_CONNECTIONS = 256;
  private static final int MAX_WAITING = 1_024;
  private static final int MAX_HEADER_BYTES = 64 << 10;
  private static final int MAX_FRAME_BYTES = 64 << 10;
  private static final int IDLE_SECONDS = 30;

  /** How long an answer to a payment alone may take: a gateway may wait for a chain. */
  private static final long PAYMENT_SECONDS = 150;

  private static final long PROBE_SECONDS = 15;

  private final GatewayOrigin origin;
  private final HttpClient client;
  private final WebSocketClient sockets;

  GatewayLink(Vertx vertx, GatewayOrigin origin) {
    this.origin = origin;
    this.client =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setConnectTimeout(CONNECT_MILLIS)
                .setKeepAliveTimeout(IDLE_SECONDS)
                .setMaxHeaderSize(MAX_HEADER_BYTES)
                .setMaxInitialLineLength(MAX_HEADER_BYTES)
                .setTcpKeepAlive(true)
                .setName("payer"),
            new PoolOptions().setHttp1MaxSize(MAX_CONNECTIONS).setMaxWaitQueueSize(MAX_WAITING));
    this.sockets =
        vertx.createWebSocketClient(
            new WebSocketClientOptions()
                .setConnectTimeout(CONNECT_MILLIS)
                .setMaxFrameSize(MAX_FRAME_BYTES)
                .setMaxMessageSize(MAX_FRAME_BYTES));
  }

  GatewayOrigin origin() {
    return origin;
  }

  /** A request that is not sent yet. */
  Future<HttpClientRequest> request(HttpMethod method, String uri) {
    return client
        .request(origin.address(new RequestOptions(), uri).setMethod(method))
        .onSuccess(GatewayLink::hear);
  }

  /** A failure reaches whoever waits for the response; nobody else need log it. */
  private static void hear(HttpClientRequest request) {
    request.exceptionHandler(failure -> {});
    request.connection().exceptionHandler(failure -> {});
    request.response().onSuccess(response -> response.exceptionHandler(failure -> {}));
  }

  /** Sends a payment alone: HEAD, so that no body flows. */
  Future<Answer> pay(String uri, Credential credential) {
    return request(HttpMethod.HEAD, uri)
        .compose(
            request -> request.putHeader(HttpHeaders.AUTHORIZATION, credential.header()).send())
        .map(Answer::of)
        .timeout(PAYMENT_SECONDS, TimeUnit.SECONDS);
  }

  /** Sends a payment alone by a POST without a body, the answer to which can say what is wrong. */
  Future<Answer> explain(String uri, Credential credential) {
    return request(HttpMethod.POST, uri)
        .compose(
            request -> {
              request.response().onSuccess(HttpClientResponse::pause);
              return request
                  .putHeader(HttpHeaders.AUTHORIZATION, credential.header())
                  .putHeader(HttpHeaders.CONTENT_LENGTH, "0")
                  .send();
            })
        .compose(
            head ->
                Answer.of(head) instanceof Answer.Taken taken
                    ? drop(head).map((Answer) taken)
                    : Problem.read(head).map(refused -> (Answer) refused))
        .timeout(PAYMENT_SECONDS, TimeUnit.SECONDS);
  }

  private static Future<Void> drop(HttpClientResponse head) {
    head.request().reset();
    return Future.succeededFuture();
  }

  /** Asks for fresh challenges, by a request that pays nothing; empty where none are needed. */
  Future<List<Challenge>> challenges(String uri) {
    return request(HttpMethod.GET, uri)
        .compose(
            request ->
                request
                    .send()
                    .map(
                        response -> {
                          List<Challenge> found = Answer.challenges(response.headers());
                          request.reset();
                          return response.statusCode() == 402 ? found : List.<Challenge>of();
                        }))
        .timeout(PROBE_SECONDS, TimeUnit.SECONDS);
  }

  Future<WebSocket> socket(String path) {
    return sockets.connect(origin.address(new WebSocketConnectOptions(), path));
  }

  Future<Void> close() {
    return Future.join(client.close(), sockets.close()).mapEmpty();
  }
}
