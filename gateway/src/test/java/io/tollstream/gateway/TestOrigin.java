package io.tollstream.gateway;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.net.NetServer;
import java.net.URI;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A provider's server: bodies of known bytes, of any {@code size} and in any {@code mode}, both
 * query parameters of whatever path is asked for. It remembers what reached it.
 */
public final class TestOrigin {
  private static final int PIECE = 64 * 1024;
  private static final byte[] SOURCE = new byte[(8 << 20) - 59];

  static {
    new Random(7).nextBytes(SOURCE);
  }

  /** A request as it arrived. */
  public record Seen(HttpMethod method, String uri, String headers, String body) {}

  private final HttpServer server;
  private final NetServer closing; // its bodies end with the connection
  private final List<Seen> seen = new CopyOnWriteArrayList<>();
  private final AtomicLong written = new AtomicLong();
  private final AtomicInteger aborted = new AtomicInteger();

  public TestOrigin(Vertx vertx) {
    server = vertx.createHttpServer().requestHandler(this::handle);
    await(server.listen(0, "127.0.0.1"));
    closing = vertx.createNetServer();
    closing.connectHandler(
        socket ->
            socket.handler(
                request -> {
                  socket.write("HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n");
                  socket.write(bytes(0, 100_000));
                  socket.end();
                }));
    await(closing.listen(0, "127.0.0.1"));
  }

  private static <T> void await(io.vertx.core.Future<T> future) {
    try {
      future.await(20, TimeUnit.SECONDS);
    } catch (java.util.concurrent.TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  public URI uri() {
    return URI.create("http://127.0.0.1:" + server.actualPort());
  }

  /** Where every answer is 100 000 bytes that only the end of the connection delimits. */
  public URI closingUri() {
    return URI.create("http://127.0.0.1:" + closing.actualPort());
  }

  public List<Seen> seen() {
    return List.copyOf(seen);
  }

  /** Body bytes handed to sockets so far. */
  public long written() {
    return written.get();
  }

  /** Responses whose reader went away before they were whole. */
  public int aborted() {
    return aborted.get();
  }

  /** The bytes of every body, from an offset. */
  public static Buffer bytes(long from, int length) {
    byte[] bytes = new byte[length];
    int done = 0;
    while (done < length) {
      int at = (int) ((from + done) % SOURCE.length);
      int piece = Math.min(length - done, SOURCE.length - at);
      System.arraycopy(SOURCE, at, bytes, done, piece);
      done += piece;
    }
    return Buffer.buffer(bytes);
  }

  private void handle(HttpServerRequest request) {
    request.body().onSuccess(body -> answer(request, body));
  }

  private void answer(HttpServerRequest request, Buffer body) {
    seen.add(
        new Seen(request.method(), request.uri(), request.headers().toString(), body.toString()));
    HttpServerResponse response = request.response();
    response.exceptionHandler(failure -> aborted.incrementAndGet());
    response.putHeader("Cache-Control", "public, max-age=60, s-maxage=600");
    long size = parameter(request, "size", 0);
    switch (String.valueOf(request.getParam("mode"))) {
      case "chunked" -> chunked(response, size);
      case "short" -> cutShort(request, size);
      case "long" -> tooLong(response, size);
      case "reset" -> reset(request, size);
      case "status" -> status(response, (int) parameter(request, "status", 200));
      case "never" -> {}
      default -> sized(request, size);
    }
  }

  private static long parameter(HttpServerRequest request, String name, long otherwise) {
    String value = request.getParam(name);
    return value == null ? otherwise : Long.parseLong(value);
  }

  private void sized(HttpServerRequest request, long size) {
    HttpServerResponse response = request.response().putHeader("Accept-Ranges", "bytes");
    String range = request.getHeader("Range");
    long from = 0;
    long to = size;
    if (range != null) {
      String[] ends = range.substring("bytes=".length()).split("-", -1);
      from = Long.parseLong(ends[0]);
      to = ends[1].isEmpty() ? size : Math.min(size, Long.parseLong(ends[1]) + 1);
      if (from >= size) {
        response.setStatusCode(416).putHeader("Content-Range", "bytes */" + size).end();
        return;
      }
      response
          .setStatusCode(206)
          .putHeader("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + size);
    }
    response.putHeader("Content-Length", Long.toString(to - from));
    if (request.method().equals(HttpMethod.HEAD)) {
      response.end();
    } else {
      pump(response, from, to, response::end);
    }
  }

  private void chunked(HttpServerResponse response, long size) {
    response.setChunked(true);
    pump(
        response,
        0,
        size,
        () -> {
          response.putTrailer("X-Sum", "s" + size);
          response.end();
        });
  }

  /** Announces more than it sends. */
  private void cutShort(HttpServerRequest request, long size) {
    HttpServerResponse response = request.response();
    response.putHeader("Content-Length", Long.toString(size));
    pump(response, 0, size / 2, () -> closeSoon(request));
  }

  /** Sends more than it announced. */
  private void tooLong(HttpServerResponse response, long size) {
    response.putHeader("Content-Length", Long.toString(size));
    pump(response, 0, size + 5_000, response::end);
  }

  private void reset(HttpServerRequest request, long size) {
    request.response().setChunked(true);
    pump(request.response(), 0, size / 2, () -> closeSoon(request));
  }

  private static void closeSoon(HttpServerRequest request) {
    request.response().write("").onComplete(written -> request.connection().close());
  }

  private static void status(HttpServerResponse response, int status) {
    response.setStatusCode(status);
    if (status == 204 || status == 304) {
      response.end();
    } else {
      response.end("the origin says " + status);
    }
  }

  private void pump(HttpServerResponse response, long from, long to, Runnable end) {
    response.drainHandler(null); // else a later drain would write the rest once more
    long at = from;
    while (at < to && !response.writeQueueFull()) {
      int length = (int) Math.min(PIECE, to - at);
      response.write(bytes(at, length));
      written.addAndGet(length);
      at += length;
    }
    if (at == to) {
      end.run();
    } else {
      long next = at;
      response.drainHandler(drained -> pump(response, next, to, end));
    }
  }
}
