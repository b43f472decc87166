package io.tollstream.gateway.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;
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
import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.ChallengeParser;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Everything a payer can try with a credential: refused by its name, and the tab as before. */
final class AttackTest {
  private static final String TARGET = "/film/a?size=2000";

  private final TestGateway gateway = new TestGateway();
  private final TestViewer viewer;

  AttackTest() throws IOException {
    viewer = new TestViewer(gateway, 10_000, 1_000);
  }

  @AfterEach
  void close() {
    gateway.close();
  }

  @Test
  void request_withoutCredential_isChallengedAndNotCached() throws IOException {
    RawHttp.Response response = send("GET", TARGET);
    assertRefused(402, "payment-required", response);
    assertEquals("no-store", response.header("cache-control"));
    assertEquals("application/problem+json", response.header("content-type"));
    assertEquals(List.of(), gateway.origin.seen());
  }

  @Test
  void credential_ofACheapRouteOnADearOne_isRefused() throws IOException {
    assertRefused(402, "invalid-challenge", get("/dear/a?size=5", viewer.voucher(1_000)));
  }

  @Test
  void credential_ofADearRouteOnACheapOne_isRefusedToo() throws IOException {
    String dear = credential(viewer.challenge("/dear"), viewer.payer.pay(viewer.id(), 1_000));
    assertRefused(402, "invalid-challenge", get(TARGET, dear));
  }

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
  void challenge_expired_isRefusedWithAFreshOne() throws IOException {
    String old = viewer.voucher(2_000);
    gateway.pass(Duration.ofHours(24));
    RawHttp.Response response = get(TARGET, old);
    assertRefused(402, "session/challenge-not-found", response);
    String fresh = credential(challengeIn(response), viewer.payer.pay(viewer.id(), 2_000));
    assertEquals(200, get(TARGET, fresh).status());
  }

  @Test
  void challenge_ageing_isHandedAFreshOneWithTheReceipt() throws IOException {
    gateway.pass(Duration.ofHours(13));
    RawHttp.Response response = viewer.head(viewer.voucher(2_000));
    assertEquals(200, response.status());
    String fresh = credential(challengeIn(response), viewer.payer.pay(viewer.id(), 2_500));
    gateway.pass(Duration.ofHours(13));
    assertEquals(200, viewer.head(fresh).status());
  }

  @Test
  void challenge_tampered_isRefused() throws IOException {
    Challenge c = viewer.challenge("/film");
    Challenge longer =
        new Challenge(
            c.id(),
            c.realm(),
            c.method(),
            c.intent(),
            c.request(),
            "2099-01-01T00:00:00Z",
            null,
            c.opaque(),
            null);
    Challenge cheaper =
        new Challenge(
            c.id(),
            c.realm(),
            c.method(),
            c.intent(),
            "eyJhbW91bnQiOiIwIn0",
            c.expires(),
            null,
            c.opaque(),
            null);
    for (Challenge forged : List.of(longer, cheaper)) {
      String credential = credential(forged, viewer.payer.pay(viewer.id(), 2_000));
      assertRefused(402, "session/challenge-not-found", get(TARGET, credential));
    }
  }

  @Test
  void challenge_ofAnotherMethod_isUnsupported() throws IOException {
    Challenge c = viewer.challenge("/film");
    Challenge other =
        new Challenge(
            c.id(),
            c.realm(),
            "tempo",
            c.intent(),
            c.request(),
            c.expires(),
            null,
            c.opaque(),
            null);
    String credential = credential(other, viewer.payer.pay(viewer.id(), 2_000));
    assertRefused(400, "method-unsupported", get(TARGET, credential));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"Payment", "Payment ", "Payment e30", "Payment e30=", "Payment !", "Payment\te30"})
  void authorization_malformed_isRefusedWithAFreshChallenge(String value) throws IOException {
    assertRefused(402, "malformed-credential", get(TARGET, value));
  }

  @Test
  void challengeId_empty_isRefused() throws IOException {
    String encoded = viewer.voucher(2_000).substring("Payment ".length());
    JsonObject json = new JsonObject(new String(Base64.getUrlDecoder().decode(encoded), UTF_8));
    json.getJsonObject("challenge").put("id", "");
    byte[] forged = json.encode().getBytes(UTF_8);
    String empty = Base64.getUrlEncoder().withoutPadding().encodeToString(forged);
    assertRefused(402, "malformed-credential", get(TARGET, "Payment " + empty));
  }

  @Test
  void authorization_twice_isRefused() throws IOException {
    String voucher = "Authorization: " + viewer.voucher(2_000);
    assertRefused(402, "malformed-credential", send("GET", TARGET, voucher, voucher));
  }

  @Test
  void authorization_foldedBehindAnother_isRefused() throws IOException {
    String folded = "Bearer x, " + viewer.voucher(2_000);
    assertRefused(402, "malformed-credential", get(TARGET, folded));
  }

  @Test
  void authorization_besideAnotherScheme_paysAndTheOtherReachesTheOrigin() throws IOException {
    RawHttp.Response response =
        send(
            "GET",
            "/film/a?size=10",
            "Authorization: Bearer sesame",
            "Authorization: " + viewer.voucher(1_000));
    assertEquals(200, response.status());
    String headers = gateway.origin.seen().get(0).headers();
    assertTrue(headers.contains("Bearer sesame"), headers);
    assertTrue(!headers.contains("Payment "), headers);
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
    TestGateway.await(gateway.desk.watch().round());
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

  @Test
  void challenges_byTheThousand_areAnsweredAndLeaveNothingBehind() throws IOException {
    try (RawHttp http = gateway.connect()) {
      for (int i = 0; i < 2_000; i++) {
        assertEquals(402, http.exchange("GET", "/film/" + i).status());
      }
    }
    assertEquals(List.of(), gateway.origin.seen());
  }

  @Test
  void upgrade_onAPaidPath_isNoWayAroundTheMeter() throws IOException {
    RawHttp.Response response =
        send(
            "GET",
            "/film/a?size=700",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Authorization: " + viewer.voucher(1_000));
    assertEquals(200, response.status());
    assertEquals(700, response.body().length());
    viewer.awaitQuiet();
    assertEquals(Amount.of(700), viewer.spent());
    assertTrue(!gateway.origin.seen().get(0).headers().contains("Upgrade"));
  }

  @Test
  void upgrade_withoutCredential_isChallenged() throws IOException {
    assertRefused(
        402, "payment-required", send("GET", TARGET, "Connection: Upgrade", "Upgrade: websocket"));
  }

  @Test
  void connect_isNotForwarded() throws IOException {
    assertEquals(405, send("CONNECT", "/film").status());
  }

  @Test
  void acceptEncoding_ofAPaidRequest_neverReachesTheOrigin() throws IOException {
    send(
        "GET",
        "/film/a?size=5",
        "Accept-Encoding: gzip, br",
        "Authorization: " + viewer.voucher(1_000));
    String headers = gateway.origin.seen().get(0).headers();
    assertTrue(headers.contains("identity") && !headers.contains("gzip"), headers);
  }

  private RawHttp.Response pay(JsonObject payload) throws IOException {
    return get(TARGET, viewer.credential(payload));
  }

  private String credential(Challenge challenge, JsonObject payload) {
    return viewer.payer.credential(challenge, payload);
  }

  private static Challenge challengeIn(RawHttp.Response response) {
    String header = response.header("www-authenticate");
    return ChallengeParser.parse(List.of(String.valueOf(header))).get(0);
  }

  private RawHttp.Response get(String target, String authorization) throws IOException {
    return send("GET", target, "Authorization: " + authorization);
  }

  /** Sends what must be refused: whatever it is, the tab stays as it was. */
  private RawHttp.Response send(String method, String target, String... headers)
      throws IOException {
    try (RawHttp http = gateway.connect()) {
      return http.exchange(method, target, headers);
    }
  }

  private void assertRefused(int status, String problem, RawHttp.Response response) {
    assertEquals(status, response.status(), response.text());
    JsonObject json = new JsonObject(response.text());
    assertEquals("https://paymentauth.org/problems/" + problem, json.getString("type"));
    assertEquals(status, json.getInteger("status"));
    assertEquals(null, response.header("payment-receipt"));
    if (status == 402) {
      assertEquals("films.example", challengeIn(response).realm());
    }
    assertTrue(Amount.of(1_000).compareTo(viewer.tab().authorized()) == 0, "authorized as before");
    assertEquals(Amount.ZERO, viewer.spent(), "nothing spent");
    assertEquals(List.of(), gateway.origin.seen(), "nothing reached the origin");
  }
}
