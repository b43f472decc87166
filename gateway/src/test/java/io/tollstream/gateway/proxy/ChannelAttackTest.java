package io.tollstream.gateway.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Terms;
import io.tollstream.channels.Voucher;
import io.tollstream.gateway.RawHttp;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestPayer;
import io.tollstream.gateway.TestViewer;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be tried with vouchers and channels: refused by its name, and the tab as before. */
final class ChannelAttackTest extends AttackTestBase {
  ChannelAttackTest() throws IOException {}

  @Test
  void channel_ofAnotherPayee_isRefused() throws IOException {
    String other = credential(viewer.challenge("/other"), viewer.payer.pay(viewer.id(), 2_000));
    assertRefused(402, "verification-failed", get("/other/a?size=5", other));
  }

  @Test
  void channel_ofAnotherTokenEscrowOrChain_isNotOpened() throws IOException {
    Escrow chain = new Escrow(315, TestGateway.ESCROW.contract());
    Escrow contract = new Escrow(314, new Address("0x" + "e6".repeat(20)));
    Address token = new Address("0x" + "71".repeat(20));
    for (Terms terms :
        List.of(
            new Terms(TestGateway.ESCROW, TestGateway.PAYEE, token, Amount.ZERO),
            new Terms(chain, TestGateway.PAYEE, TestGateway.TOKEN, Amount.ZERO),
            new Terms(contract, TestGateway.PAYEE, TestGateway.TOKEN, Amount.ZERO))) {
      Channel foreign = viewer.payer.channel(terms, 5_000);
      JsonObject open = viewer.payer.open(foreign, gateway.chain.open(foreign), 100);
      assertRefused(400, "malformed-credential", get(TARGET, viewer.credential(open)));
      assertTrue(!gateway.ledger.knows(foreign.id()));
    }
  }

  @Test
  void delete_onATabWithoutCredit_neverReachesTheOrigin() throws IOException {
    TestViewer broke = new TestViewer(gateway, 10_000, 0);
    int asked = gateway.origin.seen().size();
    assertRefused(
        402,
        "session/insufficient-balance",
        send("DELETE", TARGET, "Authorization: " + broke.voucher(0)));
    assertEquals(asked, gateway.origin.seen().size());
  }

  @Test
  void voucher_overAnotherDomain_isRefused() throws IOException {
    Escrow chain = new Escrow(315, TestGateway.ESCROW.contract());
    Voucher voucher = viewer.payer.voucher(chain, viewer.id(), 2_000);
    assertRefused(402, "session/signer-mismatch", pay(TestPayer.pay(voucher)));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 999, 1_000, 2_000})
  void voucher_ofSomebodyElse_isRefusedHoweverLow(long cumulative) throws IOException {
    Voucher foreign = new TestPayer(8, TestGateway.ESCROW).voucher(viewer.id(), cumulative);
    assertRefused(402, "session/signer-mismatch", pay(TestPayer.pay(foreign)));
  }

  @Test
  void voucher_withHighS_isRefused() throws IOException {
    Voucher voucher = viewer.payer.voucher(viewer.id(), 900);
    JsonObject payload =
        TestPayer.pay(voucher).put("signature", TestPayer.highS(voucher.signature()).hex());
    assertRefused(402, "session/invalid-signature", pay(payload));
  }

  @Test
  void voucher_aboveTheDeposit_isRefused() throws IOException {
    JsonObject payload = viewer.payer.pay(viewer.id(), 10_001);
    assertRefused(402, "session/amount-exceeds-deposit", pay(payload));
  }

  @Test
  void channelId_inUpperCase_isNoAlias() throws IOException {
    String upper = "0x" + viewer.id().hex().substring(2).toUpperCase(Locale.ROOT);
    JsonObject payload = viewer.payer.pay(viewer.id(), 2_000).put("channelId", upper);
    assertRefused(400, "malformed-credential", pay(payload));
  }

  @Test
  void channel_nobodyKnows_isGone() throws IOException {
    Channel unknown = viewer.payer.channel(TestGateway.TERMS, 5_000);
    assertRefused(410, "session/channel-not-found", pay(viewer.payer.pay(unknown.id(), 10)));
  }

  @Test
  void open_replayed_resetsNothing() throws IOException {
    assertEquals(200, get("/film/a?size=700", viewer.voucher(1_000)).status());
    viewer.awaitQuiet();
    Tab before = viewer.tab();
    assertEquals(Amount.of(700), before.spent());
    assertEquals(200, viewer.head(viewer.opening()).status());
    assertEquals(before, viewer.tab());
    RawHttp.Response again = viewer.get("/film/a?size=300", viewer.opening());
    assertEquals(200, again.status());
    viewer.awaitQuiet();
    assertEquals(Amount.of(1_000), viewer.spent());
  }

  @Test
  void topUp_replayed_countsOnce() throws IOException {
    String topUp =
        viewer.credential(
            viewer.payer.topUp(viewer.id(), gateway.chain.topUp(viewer.id(), 500), 500));
    assertEquals(200, viewer.head(topUp).status());
    assertEquals(200, viewer.head(topUp).status());
    assertEquals(Amount.of(10_500), viewer.tab().channel().deposit());
  }

  @Test
  void relayedTopUp_replayedAfterItWasMined_isAConflictAndCountsOnce() throws IOException {
    String topUp = viewer.credential(viewer.payer.relayedTopUp(viewer.id(), 500, 1));
    assertEquals(200, viewer.head(topUp).status());
    assertRefused(409, "session/transaction-reverted", get(TARGET, topUp));
    assertEquals(Amount.of(10_500), viewer.tab().channel().deposit());
  }

  @Test
  void close_byAStranger_isRefused() throws IOException {
    JsonObject close = new TestPayer(8, TestGateway.ESCROW).close(viewer.id(), 0);
    assertRefused(402, "session/signer-mismatch", pay(close));
  }

  @Test
  void closed_channel_sellsNothingMore() throws IOException {
    String close = viewer.credential(viewer.payer.close(viewer.id(), 0));
    assertEquals(200, viewer.head(close).status());
    assertRefused(410, "session/channel-finalized", get(TARGET, viewer.voucher(5_000)));
  }

  @Test
  void disputed_channel_sellsNothingMore() throws IOException {
    gateway.chain.requestClose(viewer.id());
    TestGateway.await(gateway.desk.watch(List.of(gateway.chain)).round());
    assertRefused(410, "session/channel-finalized", get(TARGET, viewer.voucher(5_000)));
  }

  @Test
  void streams_moreThanAllowed_areTooMany() throws IOException {
    try (TestGateway narrow = new TestGateway(TestGateway.Setup.DEFAULT.maxStreams(1))) {
      TestViewer other = new TestViewer(narrow, 10_000, 0);
      try (RawHttp held = other.ask(TARGET, other.voucher(0))) {
        TestViewer.eventually(() -> narrow.desk.tabs().streams(other.id()) == 1);
        RawHttp.Response second = other.get(TARGET, other.voucher(0));
        assertEquals(429, second.status());
        assertTrue(second.text().contains("session/too-many-streams"), second.text());
        assertNotNull(second.header("retry-after"));
        held.abort();
      }
      other.awaitQuiet();
      other.pay(5_000);
      assertEquals(200, other.get(TARGET, other.voucher(0)).status());
    }
  }

  @Test
  void payment_whileTheLedgerIsDown_isUnavailableAndNothingIsFree() throws IOException {
    String voucher = viewer.voucher(2_000);
    gateway.ledger.down(true);
    RawHttp.Response response = get(TARGET, voucher);
    gateway.ledger.down(false);
    assertEquals(503, response.status());
    assertTrue(response.text().contains("session/unavailable"), response.text());
    assertNotNull(response.header("retry-after"));
    assertEquals(List.of(), gateway.origin.seen());
    assertEquals(Amount.of(1_000), viewer.tab().authorized());
  }
}
