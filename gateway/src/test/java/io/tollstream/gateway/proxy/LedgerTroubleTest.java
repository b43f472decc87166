package io.tollstream.gateway.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import org.junit.jupiter.api.Test;

/** A ledger that is down sells nothing, and takes nothing either. */
final class LedgerTroubleTest {
  private static final int SIZE = 40 << 20;

  @Test
  void stream_ledgerDown_holdsAndIsThenCutWithNoByteUnpaid() throws IOException {
    try (TestGateway gateway = new TestGateway(Setup.DEFAULT.policy(TestGateway.HASTY))) {
      TestViewer viewer = new TestViewer(gateway, SIZE, SIZE);
      try (RawHttp http = viewer.ask("/film/a?size=" + SIZE, viewer.voucher(0))) {
        assertEquals(200, http.head(false));
        http.read(100_000, 20_000);
        gateway.ledger.down(true);
        Part rest = http.read(Long.MAX_VALUE, 20_000);
        assertEquals(End.RESET, rest.end());
        assertTrue(Amount.of(gateway.sold("film")).compareTo(viewer.spent()) <= 0);
      }
      gateway.ledger.down(false);
      viewer.awaitQuiet();
      TestViewer.eventually(() -> viewer.spent().equals(Amount.of(gateway.sold("film"))));
    }
  }

  @Test
  void stream_ledgerBackWithinTheHold_goesOnByteExact() throws IOException {
    try (TestGateway gateway = new TestGateway()) {
      TestViewer viewer = new TestViewer(gateway, SIZE, SIZE);
      try (RawHttp http = viewer.ask("/film/a?size=" + SIZE, viewer.voucher(0))) {
        assertEquals(200, http.head(false));
        var body = http.read(100_000, 20_000).bytes();
        gateway.ledger.down(true);
        Part until = http.read(Long.MAX_VALUE, 500);
        assertEquals(End.PENDING, until.end());
        body.appendBuffer(until.bytes());
        gateway.ledger.down(false);
        body.appendBuffer(http.read(Long.MAX_VALUE, 20_000).bytes());
        assertEquals(TestOrigin.bytes(0, SIZE), body);
      }
      viewer.awaitQuiet();
      assertEquals(Amount.of(SIZE), viewer.spent());
    }
  }

  @Test
  void stream_ledgerSlow_sendsNothingAheadOfIt() throws Exception {
    try (TestGateway gateway = new TestGateway()) {
      TestViewer viewer = new TestViewer(gateway, SIZE, SIZE);
      try (RawHttp http = viewer.ask("/film/a?size=" + SIZE, viewer.voucher(0))) {
        assertEquals(200, http.head(false));
        http.read(50_000, 20_000);
        gateway.ledger.hold();
        http.read(Long.MAX_VALUE, 500);
        assertTrue(Amount.of(gateway.sold("film")).compareTo(viewer.spent()) <= 0);
        gateway.ledger.release();
        assertEquals(End.WHOLE, http.read(Long.MAX_VALUE, 20_000).end());
      }
    }
  }
}
