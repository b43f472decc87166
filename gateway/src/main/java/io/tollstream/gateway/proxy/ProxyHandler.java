package io.tollstream.gateway.proxy;

import io.tollstream.gateway.payment.Credit;
import io.tollstream.gateway.payment.Offer;
import io.tollstream.gateway.payment.PaymentDesk;
import io.tollstream.gateway.payment.PaymentGate;
import io.tollstream.gateway.telemetry.Metrics;
import io.tollstream.gateway.telemetry.RouteMetrics;
import io.tollstream.gateway.wire.Credential;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Answers every request of one event loop: finds its route, has it paid, forwards it. */
final class ProxyHandler implements Handler<HttpServerRequest> {
  private final Vertx vertx;
  private final RouteTable routes;
  private final PaymentDesk desk;
  private final HttpClient client;
  private final HoldClock clock;
  private final Map<String, RouteMetrics> metrics;

  ProxyHandler(
      Vertx vertx, RouteTable routes, PaymentDesk desk, HttpClient client, Metrics metrics) {
    this.vertx = vertx;
    this.routes = routes;
    this.desk = desk;
    this.client = client;
    this.clock = new HoldClock(vertx);
    this.metrics =
        routes.routes().stream()
            .map(Route::name)
            .collect(Collectors.toMap(Function.identity(), metrics::route));
  }

  @Override
  public void handle(HttpServerRequest request) {
    String uri = request.uri(); // CONNECT on HTTP/2 has none
    String path = uri == null ? null : CanonicalPath.of(uri);
    if (path == null) {
      OriginProblem.answer(request, 400);
    } else if (path.equals(PaymentDesk.SOCKET_PATH)) {
      paymentSocket(request);
    } else {
      forward(request, path);
    }
  }

  private void paymentSocket(HttpServerRequest request) {
    if (!"websocket".equalsIgnoreCase(request.getHeader("Upgrade"))) {
      OriginProblem.answer(request, 400);
      return;
    }
    request
        .toWebSocket()
        .onSuccess(socket -> desk.serve(socket, vertx))
        .onFailure(failure -> OriginProblem.answer(request, 400));
  }

  private void forward(HttpServerRequest request, String path) {
    Route route = routes.find(host(request), path);
    if (route == null) {
      OriginProblem.answer(request, 404);
    } else if (request.method().equals(HttpMethod.CONNECT)) {
      OriginProblem.answer(request, 405);
    } else if (route.isMetered(path) && costs(request)) {
      sell(request, route, Objects.requireNonNull(route.offer()));
    } else {
      exchange(request, route, null);
    }
  }

  /** HEAD and OPTIONS have no body to pay for; with a credential, HEAD carries a voucher. */
  private static boolean costs(HttpServerRequest request) {
    boolean bodiless =
        request.method().equals(HttpMethod.HEAD) || request.method().equals(HttpMethod.OPTIONS);
    return !bodiless
        || request.headers().getAll("Authorization").stream().anyMatch(Credential::isPayment);
  }

  private void sell(HttpServerRequest request, Route route, Offer offer) {
    request.pause();
    desk.gate()
        .admit(request, offer, vertx.getOrCreateContext())
        .onSuccess(
            admission -> {
              if (admission instanceof PaymentGate.Admission.Admitted admitted) {
                exchange(request, route, admitted.credit());
              } else {
                request.resume();
              }
            })
        .onFailure(failure -> OriginProblem.answer(request, 502));
  }

  private void exchange(HttpServerRequest request, Route route, @Nullable Credit credit) {
    if (request.response().closed()) {
      if (credit != null) {
        credit.close(0);
      }
      return;
    }
    request.pause();
    RouteMetrics counted = Objects.requireNonNull(metrics.get(route.name()));
    new Exchange(route, request, credit, desk.gate(), clock, counted).start(client);
  }

  private static @Nullable String host(HttpServerRequest request) {
    return request.authority() == null ? null : request.authority().host();
  }
}
