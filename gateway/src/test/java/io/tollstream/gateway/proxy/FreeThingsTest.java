package io.tollstream.gateway.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.gateway.RawHttp;
import io.tollstream.gateway.RawHttp.End;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestOrigin;
import io.tollstream.gateway.TestViewer;
import io.tollstream.metering.Amount;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Only bodies cost, and only those that were asked for and found. */
final class FreeThingsTest {
  private static final TestGateway GATEWAY = new TestGateway();

  private final TestViewer viewer;

  FreeThingsTest() throws IOException {
    viewer = new TestViewer(GATEWAY, 1_000_000, 500_000);
  }

  @BeforeAll
  static void isUp() {
    assertTrue(GATEWAY.port() > 0);
  }

  @AfterAll
  static void close() {
    GATEWAY.close();
  }

  @Test
  void head_withoutCredential_isForwardedAndFree() throws IOException {
    try (RawHttp http = GATEWAY.connect()) {
      RawHttp.Response response = http.exchange("HEAD", "/film/a?size=700");
      assertEquals(200, response.status());
      assertEquals("700", response.header("content-length"));
      assertEquals("bytes", response.header("accept-ranges"));
    }
  }

  @Test
  void head_withSomebodyElsesCredential_isForwardedAndFree() throws IOException {
    try (RawHttp http = GATEWAY.connect()) {
      RawHttp.Response response =
          http.exchange("HEAD", "/film/a?size=700", "Authorization: Bearer sesame");
      assertEquals(200, response.status());
    }
  }

  @Test
  void options_withoutCredential_isForwardedAndFree() throws IOException {
    try (RawHttp http = GATEWAY.connect()) {
      assertEquals(200, http.exchange("OPTIONS", "/film/a?mode=status").status());
    }
  }

  @Test
  void options_withACredential_costsNothing() throws IOException {
    try (RawHttp http = GATEWAY.connect()) {
      String paid = "Authorization: " + viewer.voucher(500_000);
      assertEquals(200, http.exchange("OPTIONS", "/film/a?mode=status", paid).status());
    }
    assertNothingSpent();
  }

  @ParameterizedTest
  @ValueSource(ints = {204, 304, 400, 401, 403, 404, 410, 429, 500, 502, 503})
  void status_thatIsNoContent_isPassedOnAndFree(int status) throws IOException {
    RawHttp.Response response =
        viewer.get("/film/a?mode=status&status=" + status, viewer.voucher(500_000));
    assertEquals(status, response.status());
    assertEquals(End.WHOLE, response.end());
    assertEquals(
        status == 204 || status == 304 ? "" : "the origin says " + status, response.text());
    assertNothingSpent();
  }

  @Test
  void range_thatCannotBeSatisfied_isFree() throws IOException {
    RawHttp.Response response =
        viewer.get("/film/a?size=100", viewer.voucher(500_000), "Range: bytes=100-");
    assertEquals(416, response.status());
    assertEquals("bytes */100", response.header("content-range"));
    assertNothingSpent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/film/poster.jpg?size=900",
        "/film/pub/a?size=900",
        "/open/a?size=900",
        "/film//poster.jpg?size=900",
        "/film/poster.jp%67?size=900"
      })
  void path_thatIsFree_needsNoCredential(String target) throws IOException {
    try (RawHttp http = GATEWAY.connect()) {
      RawHttp.Response response = http.exchange("GET", target);
      assertEquals(200, response.status());
      assertEquals(TestOrigin.bytes(0, 900), response.body());
      assertEquals(null, response.header("payment-receipt"));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/film/pub/../a?size=900",
        "/film/pub/%2e%2e/a?size=900",
        "/film/pub/%252e%252e/a?size=900",
        "/film/pub/..;/a?size=900",
        "/film/pub/..%2fa?size=900",
        "/film/pub/..%5ca?size=900",
        "/film/pub/%c0%ae%c0%ae/a?size=900"
      })
  void path_withAnotherReading_isRefusedBeforeTheOriginSeesIt(String target) throws IOException {
    int before = GATEWAY.origin.seen().size();
    try (RawHttp http = GATEWAY.connect()) {
      assertEquals(400, http.exchange("GET", target).status());
    }
    assertEquals(before, GATEWAY.origin.seen().size());
  }

  @Test
  void target_inAbsoluteForm_asksTheOriginForWhatItsRouteIs() throws IOException {
    try (RawHttp http = GATEWAY.connect()) {
      RawHttp.Response response = http.exchange("GET", "http://x.example?a=/film/b&size=70");
      assertEquals(200, response.status());
    }
    String uri = GATEWAY.origin.seen().get(GATEWAY.origin.seen().size() - 1).uri();
    assertEquals("/?a=/film/b&size=70", uri);
  }

  @Test
  void target_inAbsoluteForm_isMeteredLikeAnyOther() throws IOException {
    try (RawHttp http = GATEWAY.connect()) {
      assertEquals(402, http.exchange("GET", "http://x.example/film/b?size=70").status());
    }
  }

  @Test
  void voucher_byHead_costsNothingAndReachesNoOrigin() throws IOException {
    int before = GATEWAY.origin.seen().size();
    RawHttp.Response response = viewer.head(viewer.voucher(600_000));
    assertEquals(200, response.status());
    assertNotNull(response.header("payment-receipt"));
    assertEquals("no-store, private", response.header("cache-control"));
    assertEquals(before, GATEWAY.origin.seen().size());
    assertNothingSpent();
  }

  @Test
  void post_withABody_isForwardedAndItsAnswerCosts() throws IOException {
    try (RawHttp http = GATEWAY.connect()) {
      http.send(
          RawHttp.request(
                  "POST",
                  "/film/a?size=300",
                  "Authorization: " + viewer.voucher(500_000),
                  "Content-Length: 5")
              + "query");
      assertEquals(TestOrigin.bytes(0, 300), http.response(false).body());
    }
    viewer.awaitQuiet();
    assertEquals(Amount.of(300), viewer.spent());
  }

  private void assertNothingSpent() {
    viewer.awaitQuiet();
    assertEquals(Amount.ZERO, viewer.spent());
  }
}
