package io.tollstream.gateway.admin;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.tollstream.channels.Chain;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Result;
import io.tollstream.gateway.payment.Settler;
import io.tollstream.gateway.payment.Tabs;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;

/** The operator's port: health, readiness, the scrape, and the tabs. Holds no secret. */
public final class ManagementServer extends VerticleBase {
  private static final long READY_MILLIS = 3_000;

  private final HttpServerOptions listen;
  private final PrometheusMeterRegistry registry;
  private final Tabs tabs;
  private final Map<String, Chain> chains;
  private final Map<Escrow, Settler> settlers;
  private final IntConsumer onPort;

  /**
   * A management port.
   *
   * @param chains by the name the configuration gives them
   * @param settlers who redeem, by the escrow
   * @param onPort hears the port that is listened on
   */
  public ManagementServer(
      HttpServerOptions listen,
      PrometheusMeterRegistry registry,
      Tabs tabs,
      Map<String, Chain> chains,
      Map<Escrow, Settler> settlers,
      IntConsumer onPort) {
    this.listen = listen;
    this.registry = registry;
    this.tabs = tabs;
    this.chains = Map.copyOf(chains);
    this.settlers = Map.copyOf(settlers);
    this.onPort = onPort;
  }

  @Override
  public Future<?> start() {
    Router router = Router.router(vertx);
    router
        .get("/healthz")
        .handler(context -> Answers.json(context, 200, new JsonObject().put("up", true)));
    router.get("/readyz").handler(this::ready);
    router.get("/metrics").handler(this::metrics);
    new ChannelRoutes(tabs, settlers).addTo(router);
    return vertx
        .createHttpServer(listen)
        .requestHandler(router)
        .listen()
        .onSuccess(server -> onPort.accept(server.actualPort()));
  }

  private void metrics(RoutingContext context) {
    context
        .response()
        .putHeader("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        .end(registry.scrape());
  }

  private void ready(RoutingContext context) {
    Future<Boolean> ledger = answered(tabs.page(null, 1).map(page -> true));
    List<Future<Boolean>> asked =
        chains.values().stream()
            .map(
                chain ->
                    answered(
                        Future.fromCompletionStage(chain.head(), vertx.getOrCreateContext())
                            .map(Result.Ok.class::isInstance)))
            .toList();
    Future.join(asked)
        .eventually(() -> ledger)
        .onComplete(
            done -> {
              JsonObject checks = new JsonObject().put("ledger", ledger.result());
              int i = 0;
              for (String name : chains.keySet()) {
                checks.put("chain " + name, asked.get(i++).result());
              }
              boolean ready =
                  checks.stream().allMatch(check -> Boolean.TRUE.equals(check.getValue()));
              Answers.json(context, ready ? 200 : 503, checks);
            });
  }

  private static Future<Boolean> answered(Future<Boolean> check) {
    return check.timeout(READY_MILLIS, TimeUnit.MILLISECONDS).otherwise(false);
  }
}
