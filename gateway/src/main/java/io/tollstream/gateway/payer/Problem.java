package io.tollstream.gateway.payer;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.util.Locale;

/** Reads the problem documents (RFC 9457) of a gateway, and no more of them than is sensible. */
final class Problem {
  static final String MEDIA_TYPE = "application/problem+json";

  private static final int MAX_BYTES = 64 << 10;

  private Problem() {}

  static boolean isProblem(HttpClientResponse head) {
    String type = head.getHeader(HttpHeaders.CONTENT_TYPE);
    return type != null && type.toLowerCase(Locale.ROOT).startsWith(MEDIA_TYPE);
  }

  /** The refusal that a paused response makes; where its body is no problem, by its head alone. */
  static Future<Answer.Refused> read(HttpClientResponse head) {
    Promise<Answer.Refused> refused = Promise.promise();
    Buffer body = Buffer.buffer();
    head.handler(
        part -> {
          if (body.length() + part.length() > MAX_BYTES) {
            head.request().reset();
            refused.tryComplete(Answer.refused(head, new JsonObject()));
          } else {
            body.appendBuffer(part);
          }
        });
    head.exceptionHandler(failure -> refused.tryComplete(Answer.refused(head, new JsonObject())));
    head.endHandler(end -> refused.tryComplete(Answer.refused(head, parse(head, body))));
    head.resume();
    return refused.future();
  }

  private static JsonObject parse(HttpClientResponse head, Buffer body) {
    try {
      return isProblem(head) ? body.toJsonObject() : new JsonObject();
    } catch (DecodeException | ClassCastException noProblem) {
      return new JsonObject();
    }
  }
}
