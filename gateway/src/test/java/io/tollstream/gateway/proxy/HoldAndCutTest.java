package io.tollstream.gateway.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.gateway.RawHttp;
import io.tollstream.gateway.RawHttp.End;
import io.tollstream.gateway.RawHttp.Part;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestGateway.Setup;
import io.tollstream.gateway.TestOrigin;
import io.tollstream.gateway.TestViewer;
import io.tollstream.metering.Amount;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A client that stops paying gets every byte it authorized and none beyond; its stream is held, and
 * then aborted, never ended.
 */
final class HoldAndCutTest {
  private static final int SIZE = 400_000;
  private static final int PAID = 150_001; // not a multiple of any chunk
  private static final long HOLD_MILLIS = TestGateway.HASTY.holdMillis();

  private static TestGateway hasty = new TestGateway(Setup.DEFAULT.policy(TestGateway.HASTY));
  private static TestGateway patient = new TestGateway();

  @BeforeAll
  static void gatewaysAreUp() {
    assertTrue(hasty.port() > 0 && patient.port() > 0);
  }

  @AfterAll
  static void close() {
    hasty.close();
    patient.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/film/a?size=400000", "/film/a?size=400000&mode=chunked"})
  void stream_paymentsStop_getsWhatIsPaidIsHeldAndThenReset(String target) throws IOException {
    TestViewer viewer = new TestViewer(hasty, SIZE, PAID);
    try (RawHttp http = viewer.ask(target, viewer.voucher(PAID))) {
      assertEquals(200, http.head(false));
      assertHeldThenReset(http);
    }
    viewer.awaitQuiet();
    assertEquals(Amount.of(PAID), viewer.spent());
  }

  @Test
  void stream_http10_isResetAndNotClosedAsIfItWereWhole() throws IOException {
    TestViewer viewer = new TestViewer(hasty, SIZE, PAID);
    try (RawHttp http = hasty.connect()) {
      http.send(
          "GET /film/a?size=400000&mode=chunked HTTP/1.0\r\nAuthorization: "
              + viewer.voucher(PAID)
              + "\r\n\r\n");
      assertEquals(200, http.head(false));
      assertEquals(null, http.header("transfer-encoding"));
      assertHeldThenReset(http);
    }
  }

  private static void assertHeldThenReset(RawHttp http) throws IOException {
    Part paid = http.read(PAID, RawHttp.PATIENCE_MILLIS);
    assertEquals(TestOrigin.bytes(0, PAID), paid.bytes());
    long heldAt = System.nanoTime();
    Part beyond = http.read(Long.MAX_VALUE, RawHttp.PATIENCE_MILLIS);
    long heldMillis = (System.nanoTime() - heldAt) / 1_000_000;
    assertEquals(0, beyond.bytes().length(), "none beyond");
    assertEquals(End.RESET, beyond.end());
    assertTrue(heldMillis >= HOLD_MILLIS - 400, "held for " + heldMillis);
    assertTrue(heldMillis < HOLD_MILLIS + 8_000, "held for " + heldMillis);
  }

  @Test
  void stream_paysAgainDuringTheHold_goesOnByteExact() throws IOException {
    TestViewer viewer = new TestViewer(patient, SIZE, PAID);
    try (RawHttp http = viewer.ask("/film/a?size=" + SIZE, viewer.voucher(PAID))) {
      assertEquals(200, http.head(false));
      assertEquals(TestOrigin.bytes(0, PAID), http.read(PAID, 20_000).bytes());
      assertEquals(new Part(io.vertx.core.buffer.Buffer.buffer(), End.PENDING), http.read(1, 300));
      viewer.pay(PAID + 1);
      assertEquals(TestOrigin.bytes(PAID, 1), http.read(1, 20_000).bytes());
      assertEquals(End.PENDING, http.read(1, 200).end());
      viewer.pay(SIZE);
      Part rest = http.read(Long.MAX_VALUE, 20_000);
      assertEquals(TestOrigin.bytes(PAID + 1, SIZE - PAID - 1), rest.bytes());
      assertEquals(End.WHOLE, rest.end());
    }
    viewer.awaitQuiet();
    assertEquals(Amount.of(SIZE), viewer.spent());
  }

  @Test
  void stream_nothingAuthorized_holdsThenAnswers402AndTheConnectionGoesOn() throws IOException {
    TestViewer viewer = new TestViewer(hasty, SIZE, 0);
    long asked = System.nanoTime();
    try (RawHttp http = viewer.ask("/film/a?size=" + SIZE, viewer.voucher(0))) {
      RawHttp.Response response = http.response(false);
      long millis = (System.nanoTime() - asked) / 1_000_000;
      assertEquals(402, response.status());
      assertTrue(millis >= TestGateway.HASTY.startHoldMillis() - 200, "after " + millis);
      assertTrue(response.text().contains("session/insufficient-balance"), response.text());
      assertNotNull(response.header("www-authenticate"));
      assertEquals(null, response.header("content-range"));
      assertEquals(null, response.header("payment-receipt"));
      assertEquals(200, http.exchange("GET", "/open/a?size=10").status());
    }
    assertEquals(Amount.ZERO, viewer.spent());
  }

  @Test
  void stream_paysWhileItWaitsForItsFirstByte_startsAfterAll() throws IOException {
    TestViewer viewer = new TestViewer(patient, SIZE, 0);
    try (RawHttp http = viewer.ask("/film/a?size=5000", viewer.voucher(0))) {
      TestViewer.pause(300);
      viewer.pay(5_000);
      RawHttp.Response response = http.response(false);
      assertEquals(200, response.status());
      assertEquals(TestOrigin.bytes(0, 5_000), response.body());
    }
  }

  @Test
  void stream_onCredit_getsThatMuchMoreAndNoByteBeyond() throws IOException {
    Setup lenient = Setup.DEFAULT.policy(TestGateway.HASTY).credit(10_000);
    try (TestGateway gateway = new TestGateway(lenient)) {
      TestViewer viewer = new TestViewer(gateway, SIZE, PAID);
      RawHttp.Response response = viewer.get("/film/a?size=" + SIZE, viewer.voucher(PAID));
      assertEquals(End.RESET, response.end());
      assertEquals(TestOrigin.bytes(0, PAID + 10_000), response.body());
    }
  }

  @Test
  void stream_held_holdsTheOriginsSocketAndNotMemory() throws IOException {
    long size = 64 << 20;
    TestViewer viewer = new TestViewer(patient, size, PAID);
    long before = patient.origin.written();
    try (RawHttp http = viewer.ask("/film/a?size=" + size, viewer.voucher(PAID))) {
      assertEquals(200, http.head(false));
      http.read(PAID, 20_000);
      assertEquals(End.PENDING, http.read(1, 1_500).end());
      long read = patient.origin.written() - before;
      assertTrue(read < 24 << 20, "the origin wrote " + read + " of " + size);
      long still = patient.origin.written();
      TestViewer.pause(300);
      assertEquals(still, patient.origin.written());
    }
    viewer.awaitQuiet();
  }

  @Test
  void stream_cut_resetsTheOriginToo() throws IOException {
    int before = hasty.origin.aborted();
    TestViewer viewer = new TestViewer(hasty, SIZE, 1_000);
    viewer.get("/film/a?size=" + (64 << 20), viewer.voucher(1_000));
    TestViewer.eventually(() -> hasty.origin.aborted() > before);
  }

  @Test
  void streams_severalHeldOnOneChannel_areAllWokenByOneVoucher() throws IOException {
    TestViewer viewer = new TestViewer(patient, SIZE, 0);
    List<RawHttp> waiting =
        List.of(
            viewer.ask("/film/a?size=1000", viewer.voucher(0)),
            viewer.ask("/film/a?size=1000", viewer.voucher(0)),
            viewer.ask("/film/a?size=1000", viewer.voucher(0)));
    TestViewer.eventually(() -> patient.desk.tabs().streams(viewer.id()) == 3);
    viewer.pay(3_000);
    for (RawHttp http : waiting) {
      RawHttp.Response response = http.response(false);
      assertEquals(TestOrigin.bytes(0, 1_000), response.body());
      http.close();
    }
    viewer.awaitQuiet();
    assertEquals(Amount.of(3_000), viewer.spent());
  }
}
