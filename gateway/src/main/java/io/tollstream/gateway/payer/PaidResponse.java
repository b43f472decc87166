package io.tollstream.gateway.payer;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpClientResponse;
import org.jspecify.annotations.Nullable;

/**
 * A response, its body paused and paid for as it is read.
 *
 * @param channel what pays for it, or null where it is free
 */
record PaidResponse(HttpClientResponse head, PaidBody body, @Nullable PayingChannel channel) {
  int status() {
    return head.statusCode();
  }

  MultiMap headers() {
    return head.headers();
  }

  MultiMap trailers() {
    return head.trailers();
  }
}
