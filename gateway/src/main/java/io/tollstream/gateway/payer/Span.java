package io.tollstream.gateway.payer;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which bytes of a representation a response carries.
 *
 * @param first the position of its first byte
 * @param last the position of its last byte, or {@link #UNKNOWN}
 * @param total the length of the representation, or {@link #UNKNOWN}
 */
record Span(long first, long last, long total) {
  static final long UNKNOWN = -1;

  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18}|\\*)");

  /** What a response carries, or null where it is no single range of bytes. */
  static @Nullable Span of(int status, MultiMap headers) {
    if (status == 200) {
      long length = length(headers);
      return new Span(0, length < 0 ? UNKNOWN : length - 1, length);
    }
    String range = status == 206 ? headers.get(HttpHeaders.CONTENT_RANGE) : null;
    Matcher matcher = range == null ? null : CONTENT_RANGE.matcher(range);
    if (matcher == null || !matcher.matches()) {
      return null;
    }
    long total = matcher.group(3).equals("*") ? UNKNOWN : Long.parseLong(matcher.group(3));
    return new Span(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)), total);
  }

  private static long length(MultiMap headers) {
    String length = headers.get(HttpHeaders.CONTENT_LENGTH);
    return length != null && length.matches("\\d{1,18}") ? Long.parseLong(length) : UNKNOWN;
  }

  /** Whether another response goes on exactly where this one was left, to the same end. */
  boolean isContinuedBy(Span next, long position) {
    boolean sameTotal = total == UNKNOWN || next.total == UNKNOWN || total == next.total;
    boolean sameLast = last == UNKNOWN || last == next.last;
    return next.first == position && sameTotal && sameLast;
  }

  /** Whether a response that ended before this position is whole. */
  boolean isWholeAt(long position) {
    return last == UNKNOWN || position == last + 1;
  }
}
