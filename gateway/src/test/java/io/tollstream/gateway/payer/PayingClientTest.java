package io.tollstream.gateway.payer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.metering.Amount;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PayingClientTest {
  private Rig rig;

  @BeforeEach
  void start(@TempDir Path state) {
    rig = new Rig(state);
  }

  @AfterEach
  void stop() {
    assertEquals(List.of(), rig.gateway.violations);
    rig.close();
  }

  @Test
  void get_fresh_opensOneChannelAndDeliversEveryByte() {
    Buffer body = Rig.await(rig.download(Rig.get("/film.mp4")));
    assertEquals(FakeGateway.bytes(0, rig.gateway.size), body);
    assertEquals(List.of("open 1000000"), rig.wallet.calls);
    assertEquals(1, rig.gateway.channels());
  }

  @Test
  void get_overSocket_paysAheadWithFewVouchers() {
    rig.gateway.size = 4 << 20;
    Rig.await(rig.download(Rig.get("/film.mp4")));
    assertTrue(rig.gateway.overSocket.get() > 0, "nothing came over the payment socket");
    assertTrue(rig.gateway.vouchers.size() < 60, rig.gateway.vouchers.size() + " vouchers");
  }

  @Test
  void get_withoutSocket_paysByHead() {
    rig.gateway.socketOffered = false;
    Buffer body = Rig.await(rig.download(Rig.get("/film.mp4")));
    assertEquals(FakeGateway.bytes(0, rig.gateway.size), body);
    assertTrue(rig.gateway.overHead.get() > 1, "no voucher came by HEAD");
  }

  @Test
  void get_eightInParallel_shareOneChannel() {
    List<Future<Buffer>> parts = new ArrayList<>();
    int part = rig.gateway.size / 8;
    for (int i = 0; i < 8; i++) {
      String range = "bytes=" + i * part + "-" + ((i + 1) * part - 1);
      parts.add(rig.download(Rig.get("/film.mp4", headers -> headers.add("Range", range))));
    }
    Buffer whole = Buffer.buffer();
    parts.forEach(future -> whole.appendBuffer(Rig.await(future)));
    assertEquals(FakeGateway.bytes(0, rig.gateway.size), whole);
    assertEquals(1, rig.gateway.channels());
  }

  @Test
  void get_again_reusesTheChannelAndNeedsNoChallenge() {
    Rig.await(rig.download(Rig.get("/film/1.ts")));
    int before = rig.gateway.challenges.get();
    Rig.await(rig.download(Rig.get("/film/2.ts")));
    assertEquals(before, rig.gateway.challenges.get());
    assertEquals(1, rig.gateway.channels());
  }

  @Test
  void authorized_atTheEnd_coversWhatCame() {
    Rig.await(rig.download(Rig.get("/film.mp4")));
    Amount cost = rig.gateway.tariff.cost(rig.gateway.size);
    assertEquals(cost, rig.gateway.best());
  }
}
