package io.tollstream.gateway.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.gateway.RawHttp;
import io.tollstream.gateway.wire.Challenge;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be tried with headers and challenges: refused by its name, and the tab as before. */
final class CredentialAttackTest extends AttackTestBase {
  CredentialAttackTest() throws IOException {}

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
}
