package io.tollstream.gateway.payer;

import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.ChallengeParser;
import io.tollstream.gateway.wire.Frame;
import io.tollstream.gateway.wire.ProblemType;
import io.tollstream.gateway.wire.Receipt;
import io.tollstream.gateway.wire.WireException;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** What the gateway answered to a credential. */
sealed interface Answer {

  String WWW_AUTHENTICATE = "WWW-Authenticate";

  /** The longest text that is repeated from a server. */
  int MAX_TEXT = 500;

  /**
   * It was taken.
   *
   * @param receipt where the gateway said so in one, or null
   * @param challenges fresh ones, where the credential's own is growing old
   */
  record Taken(@Nullable Receipt receipt, List<Challenge> challenges) implements Answer {}

  /**
   * It was not taken.
   *
   * @param problem the type of the problem, or empty where it could not be read
   * @param challenges fresh ones, where it came with any
   * @param retryAfterSeconds what the gateway asks for, or 0
   */
  record Refused(
      int status, String problem, String detail, List<Challenge> challenges, int retryAfterSeconds)
      implements Answer {

    boolean is(ProblemType type) {
      return problem.equals(type.uri());
    }

    /** Whether the channel is gone for the gateway. */
    boolean isGone() {
      return status == 410
          || is(ProblemType.CHANNEL_FINALIZED)
          || is(ProblemType.CHANNEL_NOT_FOUND);
    }
  }

  /**
   * Statuses that speak of a payment. Any other is the origin's own answer to a HEAD, in front of
   * which the payment was taken.
   */
  IntPredicate REFUSING =
      status -> status >= 500 || Set.of(400, 402, 403, 409, 410, 429).contains(status);

  /** Reads the head of a response that has no body. */
  static Answer of(HttpClientResponse head) {
    Receipt receipt = receipt(head.headers());
    return receipt != null || !REFUSING.test(head.statusCode())
        ? new Taken(receipt, challenges(head.headers()))
        : refused(head, new JsonObject());
  }

  /** Reads a response that refuses, with the problem its body tells. */
  static Refused refused(HttpClientResponse head, JsonObject problem) {
    return new Refused(
        head.statusCode(),
        string(problem, "type"),
        string(problem, "detail"),
        challenges(head.headers()),
        retryAfter(head.headers()));
  }

  static List<Challenge> challenges(MultiMap headers) {
    return ChallengeParser.parse(headers.getAll(WWW_AUTHENTICATE));
  }

  static Refused refused(Frame.Failed failed) {
    String type = string(failed.problem(), "type");
    return new Refused(failed.status(), type, failed.message(), List.of(), 0);
  }

  /** The receipt in headers or trailers, or null where there is none to be read. */
  static @Nullable Receipt receipt(MultiMap headers) {
    String header = headers.get(Receipt.HEADER);
    try {
      return header == null ? null : Receipt.parse(header);
    } catch (WireException unreadable) {
      return null;
    }
  }

  /** {@code Retry-After} in seconds; a date, or nonsense, is 0. */
  static int retryAfter(MultiMap headers) {
    String value = headers.get(HttpHeaders.RETRY_AFTER);
    boolean digits =
        value != null
            && !value.isEmpty()
            && value.length() <= 6
            && value.chars().allMatch(c -> c >= '0' && c <= '9');
    return digits ? Integer.parseInt(value) : 0;
  }

  private static String string(JsonObject problem, String name) {
    return problem.getValue(name) instanceof String value ? printable(value) : "";
  }

  /** What somebody else wrote, fit for a log line. */
  private static String printable(String text) {
    String bounded = text.length() > MAX_TEXT ? text.substring(0, MAX_TEXT) : text;
    return bounded.replaceAll("\\p{Cntrl}", " ");
  }
}
