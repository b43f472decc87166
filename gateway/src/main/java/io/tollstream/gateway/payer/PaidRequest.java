package io.tollstream.gateway.payer;

import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.streams.ReadStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request to be sent to the gateway and paid for.
 *
 * @param uri the path and query
 * @param headers end-to-end headers, without Host
 * @param body a paused stream, or null where there is none
 */
record PaidRequest(
    HttpMethod method, String uri, MultiMap headers, @Nullable ReadStream<Buffer> body) {

  private static final List<String> CONDITIONS =
      List.of("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since");

  /** Whether no answer to it ever has a body that costs. */
  boolean isFree() {
    return method.equals(HttpMethod.HEAD) || method.equals(HttpMethod.OPTIONS);
  }

  /** The same request for the bytes from a position on, if the representation is still the same. */
  PaidRequest from(long position, long end, String validator) {
    MultiMap next = MultiMap.caseInsensitiveMultiMap().addAll(headers);
    CONDITIONS.forEach(next::remove);
    next.set("Range", "bytes=" + position + "-" + (end < 0 ? "" : end));
    next.set("If-Range", validator);
    return new PaidRequest(method, uri, next, null);
  }
}
