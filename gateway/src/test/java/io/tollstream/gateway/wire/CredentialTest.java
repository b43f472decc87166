package io.tollstream.gateway.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CredentialTest {
  private static final Credential CREDENTIAL =
      new Credential(
          Samples.FULL,
          "did:pkh:eip155:314:0x" + "11".repeat(20),
          new JsonObject().put("action", "voucher").put("cumulativeAmount", "5"));

  @Test
  void header_parsed_isTheSameCredential() {
    assertEquals(CREDENTIAL, Credential.parse(CREDENTIAL.header()));
    Credential bare = new Credential(Samples.BARE, null, new JsonObject());
    assertEquals(bare, Credential.parse(bare.header()));
  }

  @Test
  void header_encoded_hasNoPaddingAndOnlyTheUrlAlphabet() {
    assertTrue(CREDENTIAL.header().matches("Payment [A-Za-z0-9_-]+"));
  }

  /** The example of the core draft, as it stands there. */
  @Test
  void parse_theDraftsExample_isRead() {
    String example =
        "Payment eyJjaGFsbGVuZ2UiOnsiaWQiOiJ4N1RnMnBMcVI5bUt2TndZM2hCY1phIiwicmVhbG0iOiJhcGkuZXhh"
            + "bXBsZS5jb20iLCJtZXRob2QiOiJleGFtcGxlIiwiaW50ZW50IjoiY2hhcmdlIiwicmVxdWVzdCI6ImV5Sm"
            + "hiVzkxYm5RaU9pSXhNREF3SWl3aVkzVnljbVZ1WTNraU9pSlZVMFFpTENKeVpXTnBjR2xsYm5RaU9pSmhZM"
            + "k4wWHpFeU15SjkiLCJleHBpcmVzIjoiMjAyNS0wMS0xNVQxMjowNTowMFoifSwicGF5bG9hZCI6eyJwcm9v"
            + "ZiI6IjB4YWJjMTIzLi4uIn19";
    Credential credential = Credential.parse(example);
    assertEquals("x7Tg2pLqR9mKvNwY3hBcZa", credential.challenge().id());
    assertEquals("0xabc123...", credential.payload().getString("proof"));
    assertNull(credential.source());
  }

  @ParameterizedTest
  @ValueSource(strings = {"payment ", "PAYMENT ", "Payment   "})
  void parse_schemeInAnyCaseAndManySpaces_isRead(String prefix) {
    String encoded = CREDENTIAL.header().substring("Payment ".length());
    assertEquals(CREDENTIAL, Credential.parse(prefix + encoded));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Payment e30=                   | base64url must not be padded",
        "Payment ===                    | base64url must not be padded",
        "Payment !!!                    | expected base64url without padding",
        "Payment ab+/                   | expected base64url without padding",
        "Payment e30, Payment e30       | expected base64url without padding",
        "Payment _w                     | expected UTF-8",
        "Payment W10                    | expected a JSON object",
        "Payment e30                    | challenge must be a JSON object",
        "Payment bnVsbA                 | expected a JSON object",
        "Bearer e30                     | expected the Payment scheme"
      })
  void parse_malformed_saysWhatWasExpected(String header, String reason) {
    assertEquals(
        reason, assertThrows(WireException.class, () -> Credential.parse(header)).reason());
  }

  @Test
  void parse_nothingAfterTheScheme_isRefused() {
    assertThrows(WireException.class, () -> Credential.parse("Payment "));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"challenge\":{},\"payload\":{}}",
        "{\"challenge\":\"x\",\"payload\":{}}",
        "{\"challenge\":CHALLENGE}",
        "{\"challenge\":CHALLENGE,\"payload\":[]}",
        "{\"challenge\":CHALLENGE,\"payload\":\"x\"}",
        "{\"challenge\":CHALLENGE,\"payload\":{},\"source\":7}"
      })
  void parse_fieldOfAnotherShape_isRefused(String json) {
    String whole = json.replace("CHALLENGE", Samples.BARE.toJson().encode());
    assertThrows(WireException.class, () -> Credential.parse("Payment " + Samples.base64(whole)));
  }

  @Test
  void parse_challengeWithAnEmptyId_isRefused() {
    String json = Samples.BARE.toJson().put("id", "").encode();
    String whole = "{\"challenge\":" + json + ",\"payload\":{}}";
    assertThrows(WireException.class, () -> Credential.parse("Payment " + Samples.base64(whole)));
  }

  @Test
  void parse_oversized_isRefusedBeforeItIsDecoded() {
    String header = "Payment " + "!".repeat(Credential.MAX_LENGTH);
    assertEquals(
        "a credential is at most 16384 characters",
        assertThrows(WireException.class, () -> Credential.parse(header)).reason());
  }

  @Test
  void of_noneOfTheScheme_isNull() {
    assertNull(Credential.of(List.of()));
    assertNull(Credential.of(List.of("Basic YTpi", "Bearer x", "Paymentx y")));
  }

  @Test
  void of_oneBesideOthers_isThatOne() {
    assertEquals(CREDENTIAL, Credential.of(List.of("Basic YTpi", CREDENTIAL.header())));
  }

  @Test
  void of_twoOfTheScheme_isRefused() {
    List<String> twice = List.of(CREDENTIAL.header(), CREDENTIAL.header());
    assertThrows(WireException.class, () -> Credential.of(twice));
  }

  @ParameterizedTest
  @ValueSource(strings = {"Bearer x, Payment ", "Basic YTpi,Payment "})
  void of_foldedBehindAnotherScheme_isRefusedAndNotPassedOver(String prefix) {
    String folded = prefix + CREDENTIAL.header().substring("Payment ".length());
    assertThrows(WireException.class, () -> Credential.of(List.of(folded)));
    assertTrue(Credential.isPayment(folded), "so it never reaches an origin");
  }

  @ParameterizedTest
  @CsvSource({
    "Payment x, true",
    "payment\tx, true",
    "Payment, true",
    "Paymentx, false",
    "Basic x, false"
  })
  void isPayment_schemesOfAllKinds_knowsItsOwn(String authorization, boolean expected) {
    assertEquals(expected, Credential.isPayment(authorization));
  }

  @Test
  void toString_ofACredential_showsNothing() {
    assertFalse(CREDENTIAL.toString().contains("cumulativeAmount"));
    assertEquals("Credential[hidden]", CREDENTIAL.toString());
  }
}
