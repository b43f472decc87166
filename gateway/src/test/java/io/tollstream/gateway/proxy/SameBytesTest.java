package io.tollstream.gateway.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.gateway.RawHttp;
import io.tollstream.gateway.RawHttp.End;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestOrigin;
import io.tollstream.gateway.TestViewer;
import io.tollstream.gateway.wire.Receipt;
import io.tollstream.metering.Amount;
import java.io.IOException;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client gets is what the origin sent, and a receipt beside it. */
final class SameBytesTest {
  private static final TestGateway GATEWAY = new TestGateway();

  private final TestViewer viewer;

  SameBytesTest() throws IOException {
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
  void get_paid_isTheOriginsAnswerAndAReceiptInTheHead() throws IOException {
    RawHttp.Response response = viewer.get("/film/a?size=500000", viewer.voucher(0));
    assertEquals(TestOrigin.bytes(0, 500_000), response.body());
    assertEquals("500000", response.header("content-length"));
    assertEquals("1.1 tollstream", response.header("via"));
    assertEquals("private, max-age=60", response.header("cache-control"));
    Receipt receipt = Receipt.parse(Objects.requireNonNull(response.header("payment-receipt")));
    assertEquals(viewer.id(), receipt.channelId());
    assertEquals(Amount.of(5_000_000), receipt.acceptedCumulative());
    assertEquals(314, receipt.chainId());
  }

  @Test
  void get_range_isThatRange() throws IOException {
    RawHttp.Response response =
        viewer.get("/film/a?size=500000", viewer.voucher(0), "Range: bytes=1000-200999");
    assertEquals(206, response.status());
    assertEquals("bytes 1000-200999/500000", response.header("content-range"));
    assertEquals(TestOrigin.bytes(1_000, 200_000), response.body());
    viewer.awaitQuiet();
    assertEquals(Amount.of(200_000), viewer.spent());
  }

  @Test
  void get_chunked_keepsItsTrailersAndAddsTheLastReceipt() throws IOException {
    RawHttp.Response response =
        viewer.get("/film/a?size=70000&mode=chunked", viewer.voucher(0), "TE: trailers");
    assertEquals(TestOrigin.bytes(0, 70_000), response.body());
    assertTrue(response.trailers().contains("X-Sum: s70000"), response.trailers());
    String receipt =
        response
            .trailers()
            .lines()
            .filter(line -> line.startsWith("Payment-Receipt: "))
            .findFirst()
            .orElseThrow();
    Receipt last = Receipt.parse(receipt.substring("Payment-Receipt: ".length()));
    assertEquals(70_000, last.units());
    assertEquals(Amount.of(70_000), last.spent());
  }

  @Test
  void get_chunkedWithoutTeTrailers_getsNoReceiptThere() throws IOException {
    RawHttp.Response response = viewer.get("/film/a?size=7000&mode=chunked", viewer.voucher(0));
    assertTrue(!response.trailers().contains("Payment-Receipt"), response.trailers());
    assertNotNull(response.header("payment-receipt"));
  }

  @Test
  void get_freeAndChunked_keepsItsTrailers() throws IOException {
    try (RawHttp http = GATEWAY.connect()) {
      RawHttp.Response response = http.exchange("GET", "/open/a?size=70000&mode=chunked");
      assertEquals(TestOrigin.bytes(0, 70_000), response.body());
      assertTrue(response.trailers().contains("X-Sum: s70000"), response.trailers());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"short", "reset"})
  void get_freeAndCutOffByTheOrigin_doesNotLookWhole(String mode) throws IOException {
    try (RawHttp http = GATEWAY.connect()) {
      RawHttp.Response response = http.exchange("GET", "/open/a?size=70000&mode=" + mode);
      assertTrue(response.end() != End.WHOLE, "it ended as if it were whole");
    }
  }

  @Test
  void get_freeAndCutOffByTheOriginOverHttp10_isReset() throws IOException {
    try (RawHttp http = GATEWAY.connect()) {
      http.send("GET /open/a?size=70000&mode=reset HTTP/1.0\r\n\r\n");
      assertEquals(End.RESET, http.response(false).end());
    }
  }

  @Test
  void get_free_keepsItsCachingAndHasNoReceipt() throws IOException {
    try (RawHttp http = GATEWAY.connect()) {
      RawHttp.Response response = http.exchange("GET", "/open/a?size=7");
      assertEquals("public, max-age=60, s-maxage=600", response.header("cache-control"));
      assertEquals(null, response.header("payment-receipt"));
    }
  }

  @Test
  void get_whileReadSlowly_isWholeAllTheSame() throws IOException {
    try (RawHttp http = viewer.ask("/film/a?size=3000000", viewer.voucher(0))) {
      assertEquals(200, http.head(false));
      TestViewer.pause(300);
      var first = http.read(1_000_000, 20_000).bytes();
      TestViewer.pause(300);
      first.appendBuffer(http.read(Long.MAX_VALUE, 20_000).bytes());
      assertEquals(TestOrigin.bytes(0, 3_000_000), first);
    }
  }

  @Test
  void request_forwarded_tellsForWhomAndThroughWhom() throws IOException {
    try (RawHttp http = GATEWAY.connect()) {
      http.exchange(
          "GET",
          "/open/told?size=7",
          "Forwarded: for=6.6.6.6",
          "Accept-Payment: evm/session",
          "Connection: X-Drop",
          "X-Drop: 1",
          "X-Keep: 2",
          "Proxy-Authorization: Basic YTpi",
          "TE: trailers, deflate");
    }
    String headers =
        GATEWAY.origin.seen().stream()
            .filter(seen -> seen.uri().startsWith("/open/told"))
            .findFirst()
            .orElseThrow()
            .headers();
    assertTrue(headers.contains("for=127.0.0.1;proto=http"), headers);
    assertTrue(headers.contains("1.1 tollstream"), headers);
    assertTrue(headers.contains("X-Keep"), headers);
    assertTrue(!headers.contains("6.6.6.6") && !headers.contains("X-Drop"), headers);
    assertTrue(!headers.contains("Proxy-A") && !headers.contains("Accept-Payment"), headers);
    assertTrue(!headers.contains("deflate"), headers);
  }
}
