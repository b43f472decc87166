package io.tollstream.gateway.payer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a gateway can try, and what it does not get. */
class LyingGatewayTest {
  private static final Address STRANGER = new Address("0x" + "66".repeat(20));
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

  private <T extends PayerRefusal> T refused(Class<T> type) {
    Future<Buffer> download = rig.download(Rig.get("/film.mp4"));
    PaymentRefusedException failure =
        assertThrows(PaymentRefusedException.class, () -> Rig.await(download));
    return assertInstanceOf(type, failure.refusal());
  }

  @Test
  void demand_withoutAByte_getsTwoChunksAtMost() throws Exception {
    rig.gateway.stingy = true;
    rig.gateway.lyingDemand = Amount.of(900_000);
    Future<Buffer> download = rig.download(Rig.get("/film.mp4"));
    rig.until("the gateway holds", () -> rig.gateway.holds.get() > 0);
    Thread.sleep(2_500);
    assertEquals(rig.gateway.tariff.cost(2L * rig.gateway.chunk), rig.gateway.best());
    assertFalse(download.isComplete());
  }

  @Test
  void demand_farTooMuch_isMetWithinTheWindow() {
    rig.gateway.lyingDemand = Amount.of(900_000);
    Buffer body = Rig.await(rig.download(Rig.get("/film.mp4")));
    assertEquals(rig.gateway.size, body.length());
  }

  @Test
  void price_aboveTheLimit_signsNothing() {
    rig.restart(
        Rig.policy(Amount.of(10_000_000), List.of(new Tariff(Amount.of(99), TariffUnit.KIB))));
    refused(PayerRefusal.TooDear.class);
    assertEquals(List.of(), rig.wallet.calls);
  }

  @Test
  void price_raisedMeanwhile_isHeldAgainstThePolicyAgain() {
    rig.restart(
        Rig.policy(Amount.of(10_000_000), List.of(new Tariff(Amount.of(150), TariffUnit.KIB))));
    Rig.await(rig.download(Rig.get("/film.mp4")));
    Amount before = rig.gateway.best();
    rig.gateway.tariff = new Tariff(Amount.of(151), TariffUnit.KIB);
    refused(PayerRefusal.TooDear.class);
    rig.gateway.tariff = new Tariff(Amount.of(120), TariffUnit.KIB);
    Rig.await(rig.download(Rig.get("/film.mp4")));
    assertTrue(rig.gateway.best().exceeds(before));
    assertEquals(1, rig.gateway.channels());
  }

  @Test
  void strangers_allowListsGiven_getNothing() {
    SpendingPolicy strict =
        new SpendingPolicy(
            Set.of(FakeWallet.TOKEN),
            Set.of(FakeWallet.ESCROW.contract()),
            Set.of(FakeWallet.PAYEE),
            List.of(),
            Amount.of(10_000_000),
            null,
            Rig.WINDOW);
    rig.restart(strict);
    rig.gateway.token = STRANGER;
    refused(PayerRefusal.TokenNotAllowed.class);
    rig.gateway.token = FakeWallet.TOKEN;
    rig.gateway.payee = STRANGER;
    refused(PayerRefusal.RecipientNotAllowed.class);
    rig.gateway.payee = FakeWallet.PAYEE;
    rig.gateway.escrow = new Escrow(31337, STRANGER);
    refused(PayerRefusal.EscrowNotAllowed.class);
    assertEquals(List.of(), rig.wallet.calls);
  }

  @Test
  void escrow_thatTheChainDoesNotVouchFor_getsNoDeposit() {
    rig.gateway.escrow = new Escrow(31337, STRANGER);
    refused(PayerRefusal.EscrowUnusable.class);
    assertEquals(List.of(), rig.wallet.calls);
  }

  @Test
  void receipt_claimingMoreThanAWindow_endsThePayment() {
    rig.gateway.lyingSpent = Amount.of(90_000_000);
    refused(PayerRefusal.Disputed.class);
    Amount best = rig.gateway.best();
    rig.gateway.lyingSpent = null;
    refused(PayerRefusal.Disputed.class);
    assertEquals(best, rig.gateway.best());
    assertEquals(1, rig.gateway.channels());
  }

  @Test
  void body_withoutEnd_endsWithTheBudget() {
    rig.restart(Rig.policy(Amount.of(50_000), List.of()));
    rig.gateway.endless = true;
    refused(PayerRefusal.BudgetTooSmall.class);
    assertFalse(rig.gateway.best().exceeds(Amount.of(50_000)));
    refused(PayerRefusal.BudgetTooSmall.class);
  }

  @Test
  void deposit_greedySuggestion_isCutToTheBudget() {
    rig.restart(Rig.policy(Amount.of(200_000), List.of()));
    rig.gateway.suggestedDeposit = Amount.MAX;
    Rig.await(rig.download(Rig.get("/film.mp4")));
    assertEquals(List.of("open 200000"), rig.wallet.calls);
  }

  @Test
  void funding_unknownTypesOnly_isRefused() {
    rig.gateway.types = List.of("permit2", "barter");
    refused(PayerRefusal.NoFunding.class);
  }

  @Test
  void redirect_toAnotherHost_carriesNoCredential() {
    FakeGateway other = new FakeGateway(rig.vertx, rig.wallet);
    GatewayOrigin elsewhere = rig.on(() -> other.start(0));
    Rig.await(rig.download(Rig.get("/film.mp4")));
    Rig.await(rig.download(Rig.get("/elsewhere?to=" + elsewhere + "/film.mp4")));
    assertEquals(List.of(), other.log);
    Rig.await(rig.onContext(other::stop));
  }

  @Test
  void channels_lostAgainAndAgain_areNotOpenedForEver() {
    rig.gateway.gone = true;
    for (int i = 0; i < 6; i++) {
      refused(PayerRefusal.GatewayRefused.class);
    }
    assertTrue(rig.wallet.calls.size() <= 4, rig.wallet.calls.toString());
  }

  @Test
  void relayedOpen_chunkBeyondAnyFile_authorizesAWindowAtMost() {
    rig.gateway.feePayer = true;
    rig.gateway.types = List.of("authorization");
    rig.gateway.chunk = 1 << 30;
    rig.gateway.stingy = true;
    rig.gateway.status = 404;
    Rig.await(rig.download(Rig.get("/film.mp4")));
    assertFalse(rig.gateway.best().exceeds(rig.gateway.tariff.cost(Rig.WINDOW)));
  }

  @Test
  void channels_lostWithTheBudgetInThem_areNotReplacedBeyondIt() {
    rig.restart(Rig.policy(Amount.of(1_500_000), List.of()));
    Rig.await(rig.download(Rig.get("/film.mp4")));
    for (int i = 0; i < 3; i++) {
      rig.gateway.forget();
      try {
        Rig.await(rig.download(Rig.get("/film.mp4")));
      } catch (PaymentRefusedException refused) {
        assertInstanceOf(PayerRefusal.BudgetTooSmall.class, refused.refusal());
      }
    }
    assertEquals(List.of("open 1000000", "open 500000"), rig.wallet.calls);
  }

  @Test
  void channel_closedOnChain_givesTheRestBackToTheBudget() {
    rig.restart(Rig.policy(Amount.of(1_200_000), List.of()));
    Rig.await(rig.download(Rig.get("/film.mp4")));
    rig.wallet.chain.keySet().forEach(id -> rig.wallet.change(id, Amount.of(1_000_000), 0, true));
    rig.gateway.forget();
    Rig.await(rig.download(Rig.get("/film.mp4")));
    assertEquals(List.of("open 1000000", "open 1000000"), rig.wallet.calls);
  }

  @Test
  void recipients_changedForEachRequest_getNoMoreChannelsThanOneRunOpens() {
    rig.gateway.suggestedDeposit = Amount.of(110_000);
    for (int i = 1; i <= 20; i++) {
      rig.gateway.payee = new Address(String.format("0x%040x", i));
      rig.gateway.key = "k" + i;
      rig.gateway.forget();
      try {
        Rig.await(rig.download(Rig.get("/" + i + "/film.mp4")));
      } catch (PaymentRefusedException refused) {
        assertInstanceOf(PayerRefusal.GatewayRefused.class, refused.refusal());
      }
    }
    assertEquals(16, rig.wallet.calls.size());
  }

  @Test
  void demand_forAWindowThatNeverCame_endsThePayment() throws Exception {
    rig.gateway.size = 64 << 20;
    Future<Buffer> download = rig.download(Rig.get("/film.mp4"));
    rig.until("it delivers", () -> rig.gateway.vouchers.size() > 2);
    rig.gateway.lyingDemand = Amount.of(900_000);
    rig.gateway.stingy = true;
    PaymentRefusedException failure =
        assertThrows(PaymentRefusedException.class, () -> Rig.await(download));
    assertInstanceOf(PayerRefusal.Unserved.class, failure.refusal());
    rig.gateway.stingy = false;
    refused(PayerRefusal.Unserved.class);
    assertEquals(1, rig.gateway.channels());
  }
}
