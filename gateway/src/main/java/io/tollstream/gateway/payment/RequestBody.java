package io.tollstream.gateway.payment;

import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Stream;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.impl.HttpServerConnection;
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

  /** Whether a request ends with its head; to be asked when it arrives, not later. */
  static boolean isAbsent(HttpServerRequest request) {
    boolean untold =
        request.version() == HttpVersion.HTTP_2
            && request.getHeader(HttpHeaders.CONTENT_LENGTH) == null;
    return untold ? hasEnded(request) : !isExpected(request);
  }

  /** Vert.x tells of a stream's end only after its request has been handled; Netty knows it. */
  private static boolean hasEnded(HttpServerRequest request) {
    if (!(request.connection() instanceof HttpServerConnection connection)) {
      return false;
    }
    Http2ConnectionHandler http2 =
        connection.channelHandlerContext().pipeline().get(Http2ConnectionHandler.class);
    Http2Stream stream =
        http2 == null ? null : http2.connection().stream(request.response().streamId());
    return stream != null && stream.state() == Http2Stream.State.HALF_CLOSED_REMOTE;
  }
}
