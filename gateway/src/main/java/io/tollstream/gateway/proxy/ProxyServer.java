package io.tollstream.gateway.proxy;

import io.tollstream.gateway.payment.PaymentDesk;
import io.tollstream.gateway.telemetry.Metrics;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.PoolOptions;
import java.util.function.IntConsumer;

/** The listener of one event loop; deploy as many as there are cores to use. */
public final class ProxyServer extends VerticleBase {
  /** Bytes read from an origin's socket at a time, at most. */
  private static final int RECEIVE_BUFFER_BYTES = 64 * 1024;

  private static final int CONNECT_TIMEOUT_MILLIS = 5_000;
  private static final int ORIGIN_IDLE_SECONDS = 900;
  private static final int ORIGIN_CONNECTIONS = 1_024;
  private static final int ORIGIN_QUEUE = 4_096;

  private final HttpServerOptions listen;
  private final RouteTable routes;
  private final PaymentDesk desk;
  private final Metrics metrics;
  private final IntConsumer onPort;

  /**
   * A listener.
   *
   * @param onPort hears the port that is listened on
   */
  public ProxyServer(
      HttpServerOptions listen,
      RouteTable routes,
      PaymentDesk desk,
      Metrics metrics,
      IntConsumer onPort) {
    this.listen = listen;
    this.routes = routes;
    this.desk = desk;
    this.metrics = metrics;
    this.onPort = onPort;
  }

  @Override
  public Future<?> start() {
    HttpClient client = vertx.createHttpClient(originOptions(), pool());
    HttpServer server = vertx.createHttpServer(listen);
    server.requestHandler(new ProxyHandler(vertx, routes, desk, client, metrics));
    return server.listen().onSuccess(listening -> onPort.accept(listening.actualPort()));
  }

  private static HttpClientOptions originOptions() {
    return new HttpClientOptions()
        .setConnectTimeout(CONNECT_TIMEOUT_MILLIS)
        .setIdleTimeout(ORIGIN_IDLE_SECONDS)
        .setDecompressionSupported(false)
        .setReceiveBufferSize(RECEIVE_BUFFER_BYTES)
        .setMaxChunkSize(RECEIVE_BUFFER_BYTES);
  }

  private static PoolOptions pool() {
    return new PoolOptions().setHttp1MaxSize(ORIGIN_CONNECTIONS).setMaxWaitQueueSize(ORIGIN_QUEUE);
  }
}
