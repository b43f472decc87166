package io.tollstream.gateway.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ChallengeTest {

  @Test
  void header_everyParameter_comesBackAsItWas() {
    assertEquals(List.of(Samples.FULL), ChallengeParser.parse(List.of(Samples.FULL.header())));
    assertEquals(List.of(Samples.BARE), ChallengeParser.parse(List.of(Samples.BARE.header())));
  }

  @Test
  void header_bare_readsAsTheDraftWritesIt() {
    assertEquals(
        "Payment id=\"x\",realm=\"films.example\",method=\"evm\",intent=\"session\",request=\""
            + Samples.BARE.request()
            + "\"",
        Samples.BARE.header());
  }

  @ParameterizedTest
  @ValueSource(strings = {"a \"quoted\" realm", "back\\slash", "a,b=c; d", "\"", "\\\""})
  void header_quotesInAValue_comeBackAsTheyWere(String realm) {
    Challenge challenge = withRealm(realm);
    assertEquals(List.of(challenge), ChallengeParser.parse(List.of(challenge.header())));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\0b", "a\tb", "a\u007fb"})
  void header_controlCharacter_isNeverWritten(String realm) {
    assertThrows(IllegalArgumentException.class, withRealm(realm)::header);
  }

  @Test
  void id_empty_isRefused() {
    assertThrows(
        WireException.class,
        () -> new Challenge("", "r", "evm", "session", "e30", null, null, null, null));
  }

  @Test
  void expiry_asTheDraftWritesIt_isAnInstant() {
    assertEquals(Instant.parse("2026-03-02T12:00:00Z"), Samples.FULL.expiry());
    assertEquals(Instant.MAX, Samples.BARE.expiry());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "tomorrow", "2026-03-02", "1743523500"})
  void expiry_noTime_saysWhatWasExpected(String expires) {
    Challenge challenge =
        new Challenge("x", "r", "evm", "session", "e30", expires, null, null, null);
    assertEquals(
        "challenge.expires must be an RFC 3339 time",
        assertThrows(WireException.class, challenge::expiry).reason());
  }

  @Test
  void requestAndOpaque_decoded_areTheJsonThatWasEncoded() {
    assertEquals(new JsonObject().put("amount", "1"), Samples.FULL.requestJson());
    assertEquals(new JsonObject().put("route", "film"), Samples.FULL.opaqueJson());
    assertEquals(new JsonObject(), Samples.BARE.opaqueJson());
  }

  @ParameterizedTest
  @ValueSource(strings = {"id", "realm", "method", "intent", "request"})
  void of_parameterMissingOrNoString_namesIt(String name) {
    Map<String, Object> parameters = Samples.FULL.toJson().getMap();
    parameters.put(name, 7);
    assertReason("challenge." + name + " must be a string", parameters);
    parameters.remove(name);
    assertReason("challenge." + name + " is missing", parameters);
  }

  private static void assertReason(String reason, Map<String, @Nullable Object> parameters) {
    assertEquals(
        reason, assertThrows(WireException.class, () -> Challenge.of(parameters)).reason());
  }

  private static Challenge withRealm(String realm) {
    return new Challenge("x", realm, "evm", "session", "e30", null, null, null, null);
  }
}
