package io.tollstream.gateway.admin;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Tab;
import io.tollstream.gateway.payment.Settler;
import io.tollstream.gateway.payment.Settler.Outcome;
import io.tollstream.gateway.payment.Tabs;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The channels as the operator sees them, and what it can do about them. They are shown to who asks
 * by a loopback address, and whatever spends gas wants a header that no page of a browser can send.
 */
final class ChannelRoutes {
  /** Custom, so that a browser asks first, and is not answered. */
  static final String ACTING = "Tollstream-Operator";

  private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost", "::1", "[::1]");
  private static final int MAX_PAGE = 1_000;

  private final Tabs tabs;
  private final Map<Escrow, Settler> settlers;

  ChannelRoutes(Tabs tabs, Map<Escrow, Settler> settlers) {
    this.tabs = tabs;
    this.settlers = Map.copyOf(settlers);
  }

  void addTo(Router router) {
    router.route("/channels*").handler(ChannelRoutes::onlyHere);
    router.get("/channels").handler(this::page);
    router.get("/channels/:id").handler(this::one);
    router.post("/channels/*").handler(ChannelRoutes::onlyOperator);
    router.post("/channels/settle").handler(this::settleAll);
    router.post("/channels/:id/settle").handler(context -> act(context, Settler::settle));
    router.post("/channels/:id/close").handler(context -> act(context, Settler::close));
  }

  /** A page whose name was bound to this address may not even look. */
  private static void onlyHere(RoutingContext context) {
    var authority = context.request().authority();
    if (authority != null && LOOPBACK.contains(authority.host())) {
      context.next();
    } else {
      Answers.error(context, 403, "ask by a loopback address, or localhost");
    }
  }

  private static void onlyOperator(RoutingContext context) {
    if (context.request().getHeader(ACTING) == null) {
      Answers.error(context, 403, "send the header " + ACTING);
    } else {
      context.next();
    }
  }

  private void page(RoutingContext context) {
    ChannelId after = channelId(context.request().getParam("after"));
    answer(
        context,
        tabs.page(after, limit(context.request().getParam("limit")))
            .map(page -> new JsonArray(page.stream().map(this::json).toList())));
  }

  private void one(RoutingContext context) {
    with(context, tab -> Future.succeededFuture(json(tab)));
  }

  /** What is done with one channel. */
  @FunctionalInterface
  private interface Action {
    Future<List<Outcome>> on(Settler settler, Tab tab, boolean dryRun);
  }

  private void act(RoutingContext context, Action action) {
    with(
        context,
        tab -> {
          Settler settler = settlers.get(tab.channel().escrow());
          return settler == null
              ? Future.failedFuture(new IllegalStateException("no chain is configured for it"))
              : action.on(settler, tab, isDryRun(context)).map(ChannelRoutes::json);
        });
  }

  private void settleAll(RoutingContext context) {
    List<Future<List<Outcome>>> sweeps =
        settlers.values().stream().map(each -> each.settleAll(isDryRun(context))).toList();
    answer(
        context,
        Future.join(sweeps)
            .map(
                done -> {
                  List<Outcome> all = new ArrayList<>();
                  sweeps.forEach(sweep -> all.addAll(sweep.result()));
                  return json(all);
                }));
  }

  private static boolean isDryRun(RoutingContext context) {
    String given = context.request().getParam("dryRun");
    return given != null && !given.equals("false");
  }

  /** Something that is told of a tab. */
  @FunctionalInterface
  private interface Telling {
    Future<?> of(Tab tab);
  }

  private void with(RoutingContext context, Telling telling) {
    ChannelId id = channelId(context.pathParam("id"));
    if (id == null) {
      Answers.error(context, 400, "a channel id is 0x and 64 lowercase digits");
      return;
    }
    tabs.find(id)
        .onSuccess(
            tab -> {
              if (tab.isEmpty()) {
                Answers.error(context, 404, "no such channel");
              } else {
                answer(context, telling.of(tab.get()));
              }
            })
        .onFailure(failure -> Answers.error(context, 503, "the ledger cannot be asked"));
  }

  private static void answer(RoutingContext context, Future<?> body) {
    body.onSuccess(json -> Answers.json(context, 200, json))
        .onFailure(failure -> Answers.error(context, 503, String.valueOf(failure.getMessage())));
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
        .put("atRisk", tab.owed().toString())
        .put("phase", tab.phase().getClass().getSimpleName().toLowerCase(Locale.ROOT))
        .put("streams", tabs.streams(tab.id()))
        .put("lastSeen", time(tab.seenAt()))
        .put("owedSince", tab.owed().isZero() ? null : time(tab.owedSince()));
  }

  private static @Nullable String time(long seconds) {
    return seconds == 0 ? null : Instant.ofEpochSecond(seconds).toString();
  }

  private static JsonArray json(List<Outcome> outcomes) {
    return new JsonArray(outcomes.stream().map(ChannelRoutes::json).toList());
  }

  private static JsonObject json(Outcome outcome) {
    return new JsonObject()
        .put("channelId", outcome.channelId().hex())
        .put("action", outcome.due().name().toLowerCase(Locale.ROOT))
        .put("proceeds", outcome.proceeds().toString())
        .put("gasCost", outcome.cost().toString())
        .put("transactionHash", outcome.transactionHash())
        .put("refusal", outcome.refusal() == null ? null : outcome.refusal().toString());
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
