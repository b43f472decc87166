package io.tollstream.gateway.admin;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.tollstream.channels.Chain;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Result;
import io.tollstream.channels.Tab;
import io.tollstream.gateway.payment.Tabs;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** The operator's port: health, readiness, the scrape, and the tabs. Holds no secret. */
public final class ManagementServer extends VerticleBase {
  private static final int MAX_PAGE = 1_000;
  private static final long READY_MILLIS = 3_000;

  private final HttpServerOptions listen;
  private final PrometheusMeterRegistry registry;
  private final Tabs tabs;
  private final Map<String, Chain> chains;
  private final IntConsumer onPort;

  /**
   * A management port.
   *
   * @param chains by the name the configuration gives them
   * @param onPort hears the port that is listened on
   */
  public ManagementServer(
      HttpServerOptions listen,
      PrometheusMeterRegistry registry,
      Tabs tabs,
      Map<String, Chain> chains,
      IntConsumer onPort) {
    this.listen = listen;
    this.registry = registry;
    this.tabs = tabs;
    this.chains = Map.copyOf(chains);
    this.onPort = onPort;
  }

  @Override
  public Future<?> start() {
    Router router = Router.router(vertx);
    router.get("/healthz").handler(context -> json(context, 200, new JsonObject().put("up", true)));
    router.get("/readyz").handler(this::ready);
    router.get("/metrics").handler(this::metrics);
    router.get("/tabs").handler(this::page);
    router.get("/tabs/:id").handler(this::tab);
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
              json(context, ready ? 200 : 503, checks);
            });
  }

  private static Future<Boolean> answered(Future<Boolean> check) {
    return check.timeout(READY_MILLIS, TimeUnit.MILLISECONDS).otherwise(false);
  }

  private void page(RoutingContext context) {
    ChannelId after = channelId(context.request().getParam("after"));
    tabs.page(after, limit(context.request().getParam("limit")))
        .onSuccess(
            page -> json(context, 200, new JsonArray(page.stream().map(this::json).toList())))
        .onFailure(failure -> json(context, 503, new JsonObject().put("error", "ledger")));
  }

  private void tab(RoutingContext context) {
    ChannelId id = channelId(context.pathParam("id"));
    if (id == null) {
      json(
          context,
          400,
          new JsonObject().put("error", "a channel id is 0x and 64 lowercase digits"));
      return;
    }
    tabs.find(id)
        .onSuccess(
            tab ->
                json(
                    context,
                    tab.isPresent() ? 200 : 404,
                    tab.map(this::json).orElseGet(JsonObject::new)))
        .onFailure(failure -> json(context, 503, new JsonObject().put("error", "ledger")));
  }

  private JsonObject json(Tab tab) {
    return new JsonObject()
        .put("channelId", tab.id().hex())
        .put("chainId", tab.channel().escrow().chainId())
        .put("payer", tab.channel().payer().hex())
        .put("payee", tab.channel().payee().hex())
        .put("token", tab.channel().token().hex())
        .put("deposit", tab.channel().deposit().toString())
        .put("authorized", tab.authorized().toString())
        .put("spent", tab.spent().toString())
        .put("settled", tab.channel().settled().toString())
        .put("phase", tab.phase().getClass().getSimpleName().toLowerCase(Locale.ROOT))
        .put("streams", tabs.streams(tab.id()));
  }

  private static void json(RoutingContext context, int status, Object body) {
    context
        .response()
        .setStatusCode(status)
        .putHeader("Content-Type", "application/json")
        .putHeader("Cache-Control", "no-store")
        .end(body instanceof JsonArray array ? array.encode() : ((JsonObject) body).encode());
  }

  private static @Nullable ChannelId channelId(@Nullable String text) {
    try {
      return text == null ? null : new ChannelId(text);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static int limit(@Nullable String text) {
    try {
      return text == null ? MAX_PAGE : Math.max(1, Math.min(MAX_PAGE, Integer.parseInt(text)));
    } catch (NumberFormatException e) {
      return MAX_PAGE;
    }
  }
}
