package io.tollstream.gateway.payer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.metering.Amount;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
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
    assertTrue(rig.gateway.vouchers.size() < 130, rig.gateway.vouchers.size() + " vouchers");
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

  @Test
  void get_freePath_costsAndCountsNothing() {
    Rig.await(rig.download(Rig.get("/film.mp4")));
    Amount before = rig.gateway.best();
    assertEquals(1_000, Rig.await(rig.download(Rig.get("/free/poster.jpg"))).length());
    assertEquals(before, rig.gateway.best());
    assertEquals(before, onlyChannel().live().account().cost());
  }

  @Test
  void get_errorFromTheOrigin_countsNothing() {
    rig.gateway.status = 404;
    assertEquals("sorry", Rig.await(rig.download(Rig.get("/film.mp4"))).toString());
    assertEquals(Amount.ZERO, onlyChannel().live().account().cost());
  }

  @Test
  void voucher_smallSteps_areRaisedToTheLeastDelta() {
    rig.gateway.minDelta = Amount.of(3_000);
    Rig.await(rig.download(Rig.get("/film.mp4")));
    assertEquals(List.of(), rig.gateway.log.stream().filter(l -> l.contains("DELTA")).toList());
  }

  @Test
  void deposit_used_isToppedUpBeforeItEnds() {
    rig.gateway.suggestedDeposit = Amount.of(40_000);
    Buffer body = Rig.await(rig.download(Rig.get("/film.mp4")));
    assertEquals(rig.gateway.size, body.length());
    assertEquals(List.of("open 40000", "topUp 40000", "topUp 40000"), rig.wallet.calls);
    assertEquals(1, rig.gateway.channels());
  }

  @Test
  void feePayer_authorization_opensAndTopsUpWithoutATransaction() {
    rig.gateway.feePayer = true;
    rig.gateway.types = List.of("authorization", "hash");
    rig.gateway.suggestedDeposit = Amount.of(60_000);
    Buffer body = Rig.await(rig.download(Rig.get("/film.mp4")));
    assertEquals(rig.gateway.size, body.length());
    assertEquals(List.of("authorizeOpen 60000", "authorizeTopUp 60000"), rig.wallet.calls);
  }

  @Test
  void socket_dropped_goesOnByHead() throws Exception {
    rig.gateway.size = 8 << 20;
    Future<Buffer> download = rig.download(Rig.get("/film.mp4"));
    rig.until("vouchers over the socket", () -> rig.gateway.overSocket.get() > 2);
    rig.onContext(
        () -> {
          rig.gateway.socketsRefused = true;
          rig.gateway.dropSockets();
          return Future.succeededFuture();
        });
    int before = rig.gateway.overHead.get();
    assertEquals(rig.gateway.size, Rig.await(download).length());
    assertTrue(rig.gateway.overHead.get() > before, "nothing came by HEAD");
  }

  @Test
  void challenge_staleMeanwhile_isRenewed() throws Exception {
    rig.gateway.size = 4 << 20;
    Future<Buffer> download = rig.download(Rig.get("/film.mp4"));
    rig.until("some vouchers", () -> rig.gateway.vouchers.size() > 3);
    rig.gateway.key = "k2";
    assertEquals(rig.gateway.size, Rig.await(download).length());
  }

  @Test
  void challenge_expiredMeanwhile_isRenewedBeforeTheNextVoucher() throws Exception {
    rig.gateway.tariff = new Tariff(Amount.of(1), TariffUnit.MIB);
    rig.gateway.challengeSeconds = 1;
    rig.gateway.endless = true;
    Future<PaidResponse> running =
        rig.onContext(() -> rig.client.exchange(Rig.get("/film.mp4")).run());
    PaidResponse response = Rig.await(running);
    rig.on(() -> Future.succeededFuture(response.body().handler(b -> {}).resume()));
    Thread.sleep(3_500);
    int before = rig.gateway.vouchers.size();
    rig.until("it goes on", () -> rig.gateway.vouchers.size() > before);
    rig.on(
        () -> {
          response.body().cancel();
          return Future.succeededFuture();
        });
  }

  @Test
  void failure_beforeAnybodyListens_isToldToWhoComesLater() {
    PaidResponse response = rig.on(() -> rig.client.exchange(Rig.get("/film.mp4")).run());
    Promise<Throwable> heard = Promise.promise();
    rig.on(
        () -> {
          response.body().fail(new IOException("broken"));
          response.body().exceptionHandler(heard::complete);
          return Future.succeededFuture();
        });
    assertEquals("broken", Rig.await(heard.future()).getMessage());
  }

  @Test
  void channel_goneForTheGateway_isReplaced() {
    Rig.await(rig.download(Rig.get("/film.mp4")));
    rig.gateway.forget();
    assertEquals(rig.gateway.size, Rig.await(rig.download(Rig.get("/film.mp4"))).length());
    assertEquals(2, rig.wallet.calls.size());
  }

  @Test
  void cancelled_body_getsNoMoreVouchers() throws Exception {
    rig.gateway.endless = true;
    PaidResponse response =
        rig.on(
            () -> {
              Future<PaidResponse> running = rig.client.exchange(Rig.get("/film.mp4")).run();
              return running.onSuccess(r -> r.body().handler(b -> {}).resume());
            });
    rig.until("some vouchers", () -> rig.gateway.vouchers.size() > 3);
    rig.on(
        () -> {
          response.body().cancel();
          return Future.succeededFuture();
        });
    Thread.sleep(300);
    int after = rig.gateway.vouchers.size();
    Thread.sleep(1_500);
    assertEquals(after, rig.gateway.vouchers.size());
    assertEquals(0, rig.gateway.active.get());
  }

  @Test
  void brokenOff_moreThanEverCame_goesOnWithAnotherChannel() {
    rig.gateway.size = 64 << 10;
    Rig.await(rig.download(Rig.get("/film.mp4")));
    PayingChannel first = onlyChannel();
    for (int i = 0; i < 3; i++) {
      rig.on(() -> breakOff(first.live()));
    }
    assertEquals(rig.gateway.size, Rig.await(rig.resumed(Rig.get("/film.mp4"))).length());
    assertEquals(List.of("open 1000000", "open 1000000"), rig.wallet.calls);
  }

  @Test
  void brokenOff_lessThanCame_isPaidAndGoesOn() {
    Rig.await(rig.download(Rig.get("/film.mp4")));
    PayingChannel first = onlyChannel();
    for (int i = 0; i < 3; i++) {
      rig.on(() -> breakOff(first.live()));
    }
    assertEquals(rig.gateway.size, Rig.await(rig.resumed(Rig.get("/film.mp4"))).length());
    assertEquals(List.of("open 1000000"), rig.wallet.calls);
    assertTrue(first.live().writtenOff().exceeds(rig.gateway.tariff.cost(2 * Rig.WINDOW)));
  }

  @Test
  void budget_usedUpWithBytesLostOnTheWay_saysSoSoon() {
    Rig.await(rig.download(Rig.get("/film.mp4")));
    PayingChannel first = onlyChannel();
    rig.on(() -> breakOff(first.live()));
    rig.restart(Rig.policy(Amount.of(5_000), List.of()));
    for (int i = 0; i < 2; i++) {
      Future<Buffer> download = rig.download(Rig.get("/film.mp4"));
      PaymentRefusedException refused =
          assertThrows(PaymentRefusedException.class, () -> Rig.await(download));
      assertInstanceOf(PayerRefusal.BudgetTooSmall.class, refused.refusal());
    }
  }

  @RepeatedTest(5)
  void brokenOff_besideOthers_holdsNobodyUp() {
    List<Future<Buffer>> parts = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      String range = "bytes=" + i * 1_000 + "-" + (i * 1_000 + 50_000);
      parts.add(rig.resumed(Rig.get("/film.mp4", headers -> headers.add("Range", range))));
      parts.add(rig.onContext(this::readALittle).map(gone -> Buffer.buffer()));
    }
    for (int i = 0; i < 16; i++) {
      assertEquals(FakeGateway.bytes(i * 1_000L, 50_001), Rig.await(parts.get(2 * i)));
    }
  }

  private Future<PaidResponse> readALittle() {
    return rig.client
        .exchange(Rig.get("/film.mp4"))
        .run()
        .onSuccess(response -> rig.vertx.setTimer(1, timer -> response.body().cancel()));
  }

  /** A player goes away while everything that is authorized is under way to it. */
  private Future<Void> breakOff(LiveChannel live) {
    PaidStream stream = live.begin(rig.gateway.tariff);
    Amount all = live.ceiling();
    live.sign(all);
    rig.gateway.lose(live.account().id(), all);
    assertEquals(null, live.claims(all));
    live.cancel(stream);
    return Future.succeededFuture();
  }

  @Test
  void restart_sameState_reusesTheChannelAndNeverSignsLower() {
    Rig.await(rig.download(Rig.get("/film.mp4")));
    Amount before = rig.gateway.best();
    rig.restart(rig.policy);
    Rig.await(rig.download(Rig.get("/film.mp4")));
    assertEquals(List.of("open 1000000"), rig.wallet.calls);
    assertTrue(rig.gateway.best().exceeds(before));
    assertEquals(
        rig.gateway.tariff.cost(2L * rig.gateway.size), onlyChannel().live().account().cost());
  }

  @Test
  void crash_betweenPersistAndSend_neverForgetsWhatWasSigned() {
    Rig.await(rig.download(Rig.get("/film.mp4")));
    rig.restart(rig.policy);
    ChannelStore store = ChannelStore.open(rig.state);
    ChannelAccount account = store.contents().accounts().get(0);
    store.save(account.signed(account.signed().plus(Amount.of(500))));
    Rig.await(rig.download(Rig.get("/film.mp4")));
    assertTrue(
        rig.gateway.vouchers.stream()
            .skip(1)
            .noneMatch(
                v ->
                    v.exceeds(account.signed())
                        && !v.exceeds(account.signed().plus(Amount.of(499)))));
  }

  @Test
  void finish_received_isCoveredByTheLastVoucher() throws Exception {
    rig.gateway.endless = true;
    rig.on(
        () ->
            rig.client
                .exchange(Rig.get("/film.mp4"))
                .run()
                .onSuccess(r -> r.body().handler(b -> {}).resume()));
    rig.until("some vouchers", () -> rig.gateway.vouchers.size() > 3);
    PayingChannel channel = onlyChannel();
    rig.on(() -> rig.client.finish());
    ChannelAccount saved = ChannelStore.open(rig.state).contents().accounts().get(0);
    assertEquals(channel.live().account().signed(), saved.signed());
    assertEquals(channel.live().account().received(), saved.received());
    assertTrue(!saved.cost().exceeds(rig.gateway.best()));
  }

  private PayingChannel onlyChannel() {
    return rig.client.book().all().iterator().next();
  }
}
