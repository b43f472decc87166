package io.tollstream.gateway.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.gateway.RawHttp;
import io.tollstream.gateway.RawHttp.Part;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestGateway.Setup;
import io.tollstream.gateway.TestOrigin;
import io.tollstream.gateway.TestViewer;
import io.tollstream.gateway.wire.Frame;
import io.tollstream.metering.Amount;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.WebSocket;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams of one channel share what it authorized, however they race for it. */
final class ParallelRangesTest {
  private static final int STREAMS = 8;
  private static final int PIECE = 250_000;
  private static final long TOTAL = (long) STREAMS * PIECE;

  /** What was sent for, and what has arrived; the first is raised before a voucher leaves. */
  private final AtomicLong authorized = new AtomicLong();

  private final AtomicLong received = new AtomicLong();

  @ParameterizedTest
  @ValueSource(longs = {0, 5_000})
  void eightRanges_vouchersInRandomSteps_neverGetMoreThanIsAuthorized(long credit)
      throws Exception {
    try (TestGateway gateway = new TestGateway(Setup.DEFAULT.credit(credit))) {
      authorized.set(1_000);
      TestViewer viewer = new TestViewer(gateway, TOTAL, 1_000);
      List<Future<Buffer>> pieces = start(viewer, credit);
      payInSteps(gateway, viewer);
      for (int i = 0; i < STREAMS; i++) {
        assertEquals(
            TestOrigin.bytes((long) i * PIECE, PIECE), pieces.get(i).get(30, TimeUnit.SECONDS));
      }
      viewer.awaitQuiet();
      assertEquals(Amount.of(TOTAL), viewer.spent());
    }
  }

  private List<Future<Buffer>> start(TestViewer viewer, long credit) {
    ExecutorService readers = Executors.newFixedThreadPool(STREAMS);
    List<Future<Buffer>> pieces = new ArrayList<>();
    for (int i = 0; i < STREAMS; i++) {
      long from = (long) i * PIECE;
      pieces.add(readers.submit(() -> read(viewer, from, credit)));
    }
    readers.shutdown();
    return pieces;
  }

  private Buffer read(TestViewer viewer, long from, long credit) throws IOException {
    Buffer piece = Buffer.buffer();
    String range = "Range: bytes=" + from + "-" + (from + PIECE - 1);
    try (RawHttp http = viewer.ask("/film/a?size=" + TOTAL, viewer.voucher(1_000), range)) {
      assertEquals(206, http.head(false));
      while (piece.length() < PIECE) {
        Part part = http.read(10_000, 30_000);
        assertTrue(part.bytes().length() > 0, "stopped: " + part.end());
        piece.appendBuffer(part.bytes());
        long all = received.addAndGet(part.bytes().length());
        assertTrue(all <= authorized.get() + credit, "received " + all);
      }
    }
    return piece;
  }

  private void payInSteps(TestGateway gateway, TestViewer viewer) throws IOException {
    Random random = new Random(11);
    WebSocket socket = gateway.paymentSocket();
    int turn = 0;
    while (authorized.get() < TOTAL) {
      long next = Math.min(TOTAL, authorized.get() + 1 + random.nextInt(120_000));
      authorized.set(next);
      String voucher = viewer.voucher(next);
      switch (turn++ % 3) {
        case 0 -> viewer.pay(next);
        case 1 -> post(gateway, voucher);
        default ->
            TestGateway.await(
                socket.writeTextMessage(new Frame.Authorization(voucher).toJson().encode()));
      }
      TestViewer.pause(random.nextInt(8));
    }
  }

  private static void post(TestGateway gateway, String voucher) throws IOException {
    try (RawHttp http = gateway.connect()) {
      RawHttp.Response response =
          http.exchange("POST", "/film", "Authorization: " + voucher, "Content-Length: 0");
      assertEquals(200, response.status());
    }
  }
}
