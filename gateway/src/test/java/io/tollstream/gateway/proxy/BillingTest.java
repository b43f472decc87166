package io.tollstream.gateway.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.gateway.RawHttp;
import io.tollstream.gateway.RawHttp.End;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestGateway.Setup;
import io.tollstream.gateway.TestOrigin;
import io.tollstream.gateway.TestViewer;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is spent when all is over: the exact cost of the bytes that went out, and no more. */
final class BillingTest {
  private static final Tariff PER_KIB = new Tariff(Amount.of(7), TariffUnit.KIB);

  private final TestGateway gateway = new TestGateway(Setup.DEFAULT.tariff(PER_KIB));

  @AfterEach
  void close() {
    gateway.close();
  }

  @Test
  void manyRequests_ofAFewBytes_areRoundedUpOnceAndNotEach() throws IOException {
    TestViewer viewer = new TestViewer(gateway, 1_000_000, 100_000);
    String paid = "Authorization: " + viewer.voucher(100_000);
    try (RawHttp http = gateway.connect()) {
      for (int i = 0; i < 100; i++) {
        assertEquals(3, http.exchange("GET", "/film/a?size=3", paid).body().length());
      }
    }
    viewer.awaitQuiet();
    assertEquals(PER_KIB.cost(300), viewer.spent());
  }

  @Test
  void mixedRun_whateverEndsHow_costsExactlyWhatWentOut() throws Exception {
    TestViewer viewer = new TestViewer(gateway, 100_000_000, 100_000_000);
    ExecutorService clients = Executors.newFixedThreadPool(6);
    List<Future<Long>> all = new ArrayList<>();
    Random random = new Random(3);
    for (int i = 0; i < 60; i++) {
      int kind = random.nextInt(5);
      int size = 1 + random.nextInt(900_000);
      all.add(clients.submit(() -> request(viewer, kind, size)));
    }
    clients.shutdown();
    long received = 0;
    for (Future<Long> one : all) {
      received += one.get(60, TimeUnit.SECONDS);
    }
    viewer.awaitQuiet();
    TestViewer.eventually(() -> PER_KIB.cost(gateway.sold("film")).equals(viewer.spent()));
    assertTrue(gateway.sold("film") >= received, "sold less than arrived");
  }

  /** The bytes that arrived. */
  private static long request(TestViewer viewer, int kind, int size) throws IOException {
    String mode =
        switch (kind) {
          case 1 -> "&mode=chunked";
          case 2 -> "&mode=short";
          case 3 -> "&mode=status&status=404";
          default -> "";
        };
    try (RawHttp http = viewer.ask("/film/a?size=" + size + mode, viewer.voucher(0))) {
      if (kind < 4) {
        long bytes = http.response(false).body().length();
        return kind == 3 ? 0 : bytes;
      }
      http.head(false);
      long bytes = http.read(size / 3, 20_000).bytes().length();
      http.abort();
      return bytes;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"short", "reset"})
  void origin_diesMidBody_abortsTheClientAndGivesTheRestBack(String mode) throws IOException {
    TestViewer viewer = new TestViewer(gateway, 1_000_000, 1_000_000);
    RawHttp.Response response = viewer.get("/film/a?size=40000000&mode=" + mode, viewer.voucher(0));
    assertEquals(200, response.status());
    assertTrue(response.end() != End.WHOLE, "it ended as if it were whole");
    viewer.awaitQuiet();
    assertEquals(PER_KIB.cost(gateway.sold("film")), viewer.spent());
    assertTrue(gateway.sold("film") <= 20_000_000);
  }

  @Test
  void origin_sendsMoreThanItAnnounced_isCutToItsWordAndCostsThat() throws IOException {
    TestViewer viewer = new TestViewer(gateway, 1_000_000, 1_000_000);
    RawHttp.Response response = viewer.get("/film/a?size=100000&mode=long", viewer.voucher(0));
    assertEquals(TestOrigin.bytes(0, 100_000), response.body());
    assertEquals(End.WHOLE, response.end());
    viewer.awaitQuiet();
    assertEquals(PER_KIB.cost(100_000), viewer.spent());
    assertEquals(TestOrigin.bytes(0, 50), viewer.get("/film/a?size=50", viewer.voucher(0)).body());
  }

  @Test
  void origin_whoseBodyEndsWithItsConnection_isPassedOnWhole() throws IOException {
    TestViewer viewer = new TestViewer(gateway, 1_000_000, 1_000_000);
    String paid =
        viewer.payer.credential(
            viewer.challenge("/closing"), viewer.payer.pay(viewer.id(), 1_000_000));
    RawHttp.Response response = viewer.get("/closing/a", paid);
    assertEquals(TestOrigin.bytes(0, 100_000), response.body());
    assertEquals(End.WHOLE, response.end());
    viewer.awaitQuiet();
    assertEquals(PER_KIB.cost(100_000), viewer.spent());
  }

  @Test
  void origin_cannotBeReached_is502AndCostsNothing() throws IOException {
    TestViewer viewer = new TestViewer(gateway, 1_000_000, 1_000_000);
    String paid =
        viewer.payer.credential(
            viewer.challenge("/dead"), viewer.payer.pay(viewer.id(), 1_000_000));
    assertEquals(502, viewer.get("/dead/a", paid).status());
    viewer.awaitQuiet();
    assertEquals(Amount.ZERO, viewer.spent());
  }

  @Test
  void client_leavesWhileTheOriginThinks_leavesNothingReserved() throws IOException {
    TestViewer viewer = new TestViewer(gateway, 1_000_000, 1_000_000);
    try (RawHttp http = viewer.ask("/film/a?mode=never", viewer.voucher(0))) {
      TestViewer.eventually(() -> gateway.desk.tabs().streams(viewer.id()) == 1);
      http.abort();
    }
    viewer.awaitQuiet();
    assertEquals(Amount.ZERO, viewer.spent());
  }

  @Test
  void client_leavesMidBody_getsTheReservationBack() throws IOException {
    TestViewer viewer = new TestViewer(gateway, 1_000_000_000, 1_000_000_000);
    try (RawHttp http = viewer.ask("/film/a?size=90000000", viewer.voucher(0))) {
      assertEquals(200, http.head(false));
      http.read(30_000, 20_000);
      http.abort();
    }
    viewer.awaitQuiet();
    assertEquals(PER_KIB.cost(gateway.sold("film")), viewer.spent());
    assertTrue(gateway.sold("film") < 30_000_000, "back-pressure bounds what went out");
  }

  @ParameterizedTest
  @CsvSource({"length, 0", "length, 1", "chunked, 0", "chunked, 1", "chunked, 16384"})
  void body_ofAFewBytes_costsThose(String mode, int size) throws IOException {
    TestViewer viewer = new TestViewer(gateway, 1_000_000, 1_000_000);
    RawHttp.Response response =
        viewer.get("/film/a?mode=" + mode + "&size=" + size, viewer.voucher(0));
    assertEquals(End.WHOLE, response.end());
    assertEquals(TestOrigin.bytes(0, size), response.body());
    viewer.awaitQuiet();
    assertEquals(PER_KIB.cost(size), viewer.spent());
  }

  @Test
  void close_whileStreamsRun_redeemsExactlyWhatWentOut() throws IOException {
    TestViewer viewer = new TestViewer(gateway, 1_000_000_000, 1_000_000_000);
    try (RawHttp http = viewer.ask("/film/a?size=90000000", viewer.voucher(0))) {
      assertEquals(200, http.head(false));
      http.read(30_000, 20_000);
      String close = viewer.credential(viewer.payer.close(viewer.id(), 1_000_000_000));
      assertEquals(200, viewer.head(close).status());
      assertEquals(End.RESET, http.read(Long.MAX_VALUE, 20_000).end());
    }
    assertEquals(PER_KIB.cost(gateway.sold("film")), viewer.spent());
    assertTrue(gateway.chain.of(viewer.id()).finalized());
  }
}
