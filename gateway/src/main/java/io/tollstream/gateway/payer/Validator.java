package io.tollstream.gateway.payer;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;

/**
 * Finds what may stand in {@code If-Range}: a strong entity tag, or a modification date that lies
 * so far back that it is as good (RFC 9110, sections 8.8.2.2 and 13.1.5).
 */
final class Validator {
  private static final Duration SETTLED = Duration.ofSeconds(60);

  private Validator() {}

  /** The validator of a representation, or null where it has none that is strong. */
  static @Nullable String of(MultiMap headers) {
    String tag = headers.get(HttpHeaders.ETAG);
    if (tag != null) {
      return tag.startsWith("\"") ? tag : null;
    }
    String modified = headers.get(HttpHeaders.LAST_MODIFIED);
    String date = headers.get(HttpHeaders.DATE);
    return modified != null && date != null && isSettled(modified, date) ? modified : null;
  }

  private static boolean isSettled(String modified, String date) {
    try {
      return !parse(modified).plus(SETTLED).isAfter(parse(date));
    } catch (DateTimeParseException e) {
      return false;
    }
  }

  private static ZonedDateTime parse(String date) {
    return ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME);
  }
}
