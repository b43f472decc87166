package io.tollstream.gateway.payment;

import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.Receipt;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import org.jspecify.annotations.Nullable;

/** Writes what the gateway itself says to a payer. */
public final class Answers {
  private static final String WWW_AUTHENTICATE = "WWW-Authenticate";
  private static final String PROBLEM_JSON = "application/problem+json";
  private static final String RETRY_SECONDS = "2";

  private Answers() {}

  /**
   * A problem; with a fresh challenge where a payment would help.
   *
   * @param challenge or null; every 402 has one
   */
  static void problem(HttpServerRequest request, Problem problem, @Nullable Challenge challenge) {
    HttpServerResponse response = request.response();
    if (response.ended() || response.closed()) {
      return;
    }
    response
        .setStatusCode(problem.type().status())
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
        .putHeader(HttpHeaders.CONTENT_TYPE, PROBLEM_JSON);
    if (challenge != null) {
      response.putHeader(WWW_AUTHENTICATE, challenge.header());
    }
    if (problem.isPassing()) {
      response.putHeader(HttpHeaders.RETRY_AFTER, RETRY_SECONDS);
    }
    end(request, problem.type().toJson(problem.detail()).encode());
  }

  /** A receipt as the whole answer: nothing was asked for but to be paid. */
  static void receipt(HttpServerRequest request, Receipt receipt, @Nullable Challenge fresh) {
    HttpServerResponse response = request.response();
    response
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store, private")
        .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
        .putHeader(Receipt.HEADER, receipt.header());
    if (fresh != null) {
      response.putHeader(WWW_AUTHENTICATE, fresh.header());
    }
    end(request, receipt.toJson().encode());
  }

  private static void end(HttpServerRequest request, String body) {
    if (request.method().equals(HttpMethod.HEAD)) {
      request.response().end();
    } else {
      request.response().end(body);
    }
  }
}
