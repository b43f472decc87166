package io.tollstream.gateway.payer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.MultiMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ValidatorTest {
  private static MultiMap headers(String... headers) {
    MultiMap map = MultiMap.caseInsensitiveMultiMap();
    for (int i = 0; i < headers.length; i += 2) {
      map.add(headers[i], headers[i + 1]);
    }
    return map;
  }

  @Test
  void of_strongTag_isTheTag() {
    assertEquals("\"a\"", Validator.of(headers("ETag", "\"a\"")));
  }

  @Test
  void of_weakTag_isNone() {
    assertNull(
        Validator.of(
            headers(
                "ETag", "W/\"a\"",
                "Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT",
                "Date", "Sun, 06 Nov 2004 08:49:37 GMT")));
  }

  @Test
  void of_settledDate_isTheDate() {
    String modified = "Sun, 06 Nov 1994 08:49:37 GMT";
    assertEquals(
        modified,
        Validator.of(headers("Last-Modified", modified, "Date", "Sun, 06 Nov 1994 08:50:37 GMT")));
    assertNull(
        Validator.of(headers("Last-Modified", modified, "Date", "Sun, 06 Nov 1994 08:50:36 GMT")));
    assertNull(Validator.of(headers("Last-Modified", modified)));
    assertNull(Validator.of(headers("Last-Modified", "yesterday", "Date", modified)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bytes */100",
        "bytes 1-2",
        "lines 1-2/3",
        "bytes 1-2/3, bytes 5-6/7",
        "bytes -1-2/3"
      })
  void span_unreadableRange_isNone(String range) {
    assertNull(Span.of(206, headers("Content-Range", range)));
  }

  @Test
  void span_continued_mustMeetExactly() {
    Span span = Span.of(200, headers("Content-Length", "100"));
    assertEquals(new Span(0, 99, 100), span);
    assertTrue(new Span(0, 99, 100).isContinuedBy(new Span(40, 99, 100), 40));
    assertFalse(new Span(0, 99, 100).isContinuedBy(new Span(41, 99, 100), 40));
    assertFalse(new Span(0, 99, 100).isContinuedBy(new Span(40, 98, 100), 40));
    assertFalse(new Span(0, 99, 100).isContinuedBy(new Span(40, 99, 101), 40));
    assertFalse(new Span(0, 99, 100).isWholeAt(99));
    assertTrue(new Span(0, 99, 100).isWholeAt(100));
  }
}
