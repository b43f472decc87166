package io.tollstream.gateway.payment;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.Set;

/** Tells whether a request has a body before any of it has come (RFC 9110, section 6.4.1). */
public final class RequestBody {
  private static final Set<HttpMethod> BODILESS =
      Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS, HttpMethod.DELETE);

  private RequestBody() {}

  /** On HTTP/2 a body needs no length; there the method decides where no length is told. */
  public static boolean isExpected(HttpServerRequest request) {
    String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    if (length != null) {
      return !length.strip().equals("0");
    }
    return request.version() == HttpVersion.HTTP_2
        ? !request.isEnded() && !BODILESS.contains(request.method())
        : request.headers().contains(HttpHeaders.TRANSFER_ENCODING);
  }
}
