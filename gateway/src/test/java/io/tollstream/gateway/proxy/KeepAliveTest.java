package io.tollstream.gateway.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.gateway.RawHttp;
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

/** One connection, many requests: none leaves anything behind that the next stumbles over. */
final class KeepAliveTest {
  private static final TestGateway GATEWAY = new TestGateway();

  private final TestViewer viewer;

  KeepAliveTest() throws IOException {
    viewer = new TestViewer(GATEWAY, 10_000_000, 5_000_000);
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
  void requests_ofEveryOutcome_followOneAnother() throws IOException {
    String paid = "Authorization: " + viewer.voucher(5_000_000);
    try (RawHttp http = GATEWAY.connect()) {
      for (int round = 0; round < 3; round++) {
        assertEquals(402, http.exchange("GET", "/film/a?size=10").status());
        assertEquals(400, http.exchange("GET", "/film/../a").status());
        assertEquals(200, http.exchange("HEAD", "/film/a?size=10").status());
        assertEquals(200, http.exchange("HEAD", "/film/a?size=10", paid).status());
        assertEquals(204, http.exchange("GET", "/film/a?mode=status&status=204", paid).status());
        assertEquals(404, http.exchange("GET", "/film/a?mode=status&status=404", paid).status());
        assertEquals(
            TestOrigin.bytes(0, 30_000), http.exchange("GET", "/film/a?size=30000", paid).body());
        assertEquals(
            TestOrigin.bytes(0, 30_000),
            http.exchange("GET", "/film/a?size=30000&mode=chunked", paid).body());
        assertEquals(416, http.exchange("GET", "/film/a?size=9", paid, "Range: bytes=9-").status());
        assertEquals(200, http.exchange("POST", "/film", paid, "Content-Length: 0").status());
      }
    }
    viewer.awaitQuiet();
    assertEquals(Amount.of(180_000), viewer.spent());
  }

  @Test
  void post_refusedWithItsBody_leavesTheConnectionUsable() throws IOException {
    try (RawHttp http = GATEWAY.connect()) {
      http.send(RawHttp.request("POST", "/film/a", "Content-Length: 200000") + "x".repeat(200_000));
      assertEquals(402, http.response(false).status());
      http.send(
          RawHttp.request("POST", "/film/a", "Transfer-Encoding: chunked")
              + "5\r\nhello\r\n0\r\n\r\n");
      assertEquals(402, http.response(false).status());
      http.send(RawHttp.request("POST", "/nowhere/../a", "Content-Length: 5") + "hello");
      assertEquals(400, http.response(false).status());
      assertEquals(7, http.exchange("GET", "/open/a?size=7").body().length());
    }
  }

  @Test
  void topUpOrClose_withABody_isAnsweredAndTheBodyPassedOver() throws IOException {
    String topUp = viewer.credential(viewer.payer.relayedTopUp(viewer.id(), 500, 1));
    try (RawHttp http = GATEWAY.connect()) {
      http.send(
          RawHttp.request("POST", "/film/a", "Authorization: " + topUp, "Content-Length: 5")
              + "hello");
      assertEquals(200, http.response(false).status());
      assertEquals(7, http.exchange("GET", "/open/a?size=7").body().length());
    }
  }

  @Test
  void requests_pipelined_areAnsweredInTheirOrder() throws IOException {
    String paid = "Authorization: " + viewer.voucher(5_000_000);
    try (RawHttp http = GATEWAY.connect()) {
      http.send(
          RawHttp.request("GET", "/film/a?size=10")
              + RawHttp.request("GET", "/film/a?size=20000", paid)
              + RawHttp.request("HEAD", "/film/a?size=10", paid)
              + RawHttp.request("GET", "/open/a?size=30")
              + RawHttp.request("GET", "/film/a?size=40", paid));
      assertEquals(402, http.response(false).status());
      assertEquals(TestOrigin.bytes(0, 20_000), http.response(false).body());
      assertEquals(200, http.response(true).status());
      assertEquals(TestOrigin.bytes(0, 30), http.response(false).body());
      assertEquals(TestOrigin.bytes(0, 40), http.response(false).body());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /open/a?size=5 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "GET /open/a HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        "GET /open/\u0001 HTTP/1.1\r\nHost: a\r\n\r\n",
        "nonsense\r\n\r\n"
      })
  void request_thatCannotBeRead_isRefusedAndReachesNoOrigin(String request) throws IOException {
    int before = GATEWAY.origin.seen().size();
    try (RawHttp http = GATEWAY.connect()) {
      http.send(request);
      int status = http.head(false);
      assertTrue(status == 0 || status == 400, "answered " + status);
    }
    assertEquals(before, GATEWAY.origin.seen().size());
  }

  @Test
  void client_leavesWhileItsVoucherIsMadeDurable_harmsNobody() throws Exception {
    try (TestGateway gateway = new TestGateway()) {
      TestViewer other = new TestViewer(gateway, 1_000, 10);
      gateway.ledger.hold();
      for (String method : new String[] {"HEAD", "GET"}) {
        try (RawHttp http = gateway.connect()) {
          http.send(
              RawHttp.request(method, "/film/a?size=5", "Authorization: " + other.voucher(20)));
          TestViewer.pause(100);
          http.abort();
        }
      }
      TestViewer.pause(100);
      gateway.ledger.release();
      other.awaitQuiet();
      assertEquals(5, other.get("/film/a?size=5", other.voucher(20)).body().length());
      assertEquals(Amount.of(20), other.tab().authorized());
    }
  }
}
