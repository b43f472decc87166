package io.tollstream.gateway.proxy;

import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;

/** What the gateway answers about a request that is no matter of payment (RFC 9457). */
final class OriginProblem {
  private OriginProblem() {}

  static void answer(HttpServerRequest request, int status) {
    request.resume(); // whatever of its body is left is not wanted
    HttpServerResponse response = request.response();
    if (response.headWritten() || response.closed()) {
      return;
    }
    response.headers().clear();
    response.trailers().clear();
    response.setChunked(false);
    response
        .setStatusCode(status)
        .setStatusMessage(title(status))
        .putHeader("Cache-Control", "no-store")
        .putHeader("Content-Type", "application/problem+json");
    String body =
        new JsonObject()
            .put("type", "about:blank")
            .put("title", title(status))
            .put("status", status)
            .put("detail", detail(status))
            .encode();
    if (request.method().equals(HttpMethod.HEAD)) {
      response.end();
    } else {
      response.end(body);
    }
  }

  private static String title(int status) {
    return switch (status) {
      case 400 -> "Bad Request";
      case 404 -> "Not Found";
      case 405 -> "Method Not Allowed";
      case 502 -> "Bad Gateway";
      case 504 -> "Gateway Timeout";
      default -> "Error";
    };
  }

  private static String detail(int status) {
    return switch (status) {
      case 400 -> "The request's target has more than one reading; send a plain path";
      case 404 -> "No route matches this host and path";
      case 405 -> "This method is not forwarded on metered routes";
      case 502 -> "The origin did not answer as it should";
      case 504 -> "The origin did not answer in time";
      default -> "";
    };
  }
}
