package io.tollstream.gateway.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpVersion;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of headers that need no request to be looked at. */
final class HeadersTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Connection",
        "Keep-Alive",
        "Proxy-Authenticate",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "HTTP2-Settings",
        "X-Listed",
        "x-LISTED-too"
      })
  void copyResponse_hopByHopOrListedInConnection_staysBehind(String name) {
    MultiMap from = headers(name, "x").add("Connection", "close, x-listed , X-Listed-Too");
    MultiMap to = MultiMap.caseInsensitiveMultiMap();
    Headers.copyResponse(from, to, HttpVersion.HTTP_1_1);
    assertEquals(List.of(), to.getAll(name));
  }

  @Test
  void copyResponse_everythingElse_crossesAsOftenAsItCame() {
    MultiMap from = headers("ETag", "\"a\"").add("Set-Cookie", "a=1").add("Set-Cookie", "b=2");
    MultiMap to = MultiMap.caseInsensitiveMultiMap();
    Headers.copyResponse(from, to, HttpVersion.HTTP_1_0);
    assertEquals(List.of("a=1", "b=2"), to.getAll("Set-Cookie"));
    assertEquals("\"a\"", to.get("ETag"));
    assertEquals(List.of("1.0 tollstream"), to.getAll("Via"));
  }

  @Test
  void copyResponse_throughOtherProxies_addsItselfToVia() {
    MultiMap to = MultiMap.caseInsensitiveMultiMap();
    Headers.copyResponse(headers("Via", "1.1 cdn"), to, HttpVersion.HTTP_1_1);
    assertEquals(List.of("1.1 cdn", "1.1 tollstream"), to.getAll("Via"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''                                   | private",
        "public, max-age=60                   | private, max-age=60",
        "PUBLIC, S-MaxAge=9, no-transform     | private, no-transform",
        "private                              | private",
        "no-store                             | private, no-store",
        "max-age=60,,must-revalidate          | private, max-age=60, must-revalidate"
      })
  void addReceipt_toACacheableResponse_makesItPrivate(String before, String after) {
    MultiMap headers = headers("Cache-Control", before);
    Headers.addReceipt(headers, "e30");
    assertEquals(List.of(after), headers.getAll("Cache-Control"));
    assertEquals("e30", headers.get("Payment-Receipt"));
  }

  @Test
  void addReceipt_originsOwnReceipt_isReplaced() {
    MultiMap headers = headers("Payment-Receipt", "forged");
    Headers.addReceipt(headers, "e30");
    assertEquals(List.of("e30"), headers.getAll("Payment-Receipt"));
  }

  @ParameterizedTest
  @CsvSource({
    "12, 12",
    "0, 0",
    "' 7 ', 7",
    "-1, -1",
    "-5, -1",
    "x, -1",
    "99999999999999999999, -1"
  })
  void contentLength_oneValue_isThatOrUnknown(String value, long expected) {
    assertEquals(expected, Headers.contentLength(headers("Content-Length", value)));
  }

  @Test
  void contentLength_noneOrSeveral_isUnknown() {
    assertEquals(-1, Headers.contentLength(MultiMap.caseInsensitiveMultiMap()));
    assertEquals(
        -1, Headers.contentLength(headers("Content-Length", "1").add("Content-Length", "2")));
  }

  private static MultiMap headers(String name, String value) {
    return MultiMap.caseInsensitiveMultiMap().add(name, value);
  }
}
