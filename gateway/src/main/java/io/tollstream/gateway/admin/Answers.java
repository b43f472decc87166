package io.tollstream.gateway.admin;

import io.vertx.core.json.Json;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;

/** Answers of the management port. */
final class Answers {
  private Answers() {}

  static void json(RoutingContext context, int status, Object body) {
    context
        .response()
        .setStatusCode(status)
        .putHeader("Content-Type", "application/json")
        .putHeader("Cache-Control", "no-store")
        .end(Json.encodeToBuffer(body));
  }

  static void error(RoutingContext context, int status, String message) {
    json(context, status, new JsonObject().put("error", message));
  }
}
