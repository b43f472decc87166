package io.tollstream.gateway.wire;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class SessionRequestTest {
  /** What RFC 8785 makes of {@link #FULL}; written by another language's JSON library. */
  private static final String CANONICAL =
      "{\"amount\":\"100\",\"currency\":\"0x7070707070707070707070707070707070707070\","
          + "\"description\":\"Film „Été”\",\"methodDetails\":{\"chainId\":314,"
          + "\"chunkBytes\":262144,\"credentialTypes\":[\"authorization\",\"hash\"],"
          + "\"escrowContract\":\"0xE5e5E5E5e5e5E5E5E5E5e5E5e5e5e5E5e5e5e5e5\","
          + "\"feePayer\":true,\"minVoucherDelta\":\"5\","
          + "\"paymentSocket\":\"/.tollstream/payments\","
          + "\"permit2Contract\":\"0x2222222222222222222222222222222222222222\","
          + "\"unitBytes\":1048576},\"recipient\":\"0xaAaAaAaaAaAaAaaAaAAAAAAAAaaaAaAaAaaAaaAa\","
          + "\"suggestedDeposit\":\"1000000\",\"unitType\":\"MiB\"}";

  private static final SessionRequest FULL =
      new SessionRequest(
          new Tariff(Amount.of(100), TariffUnit.MIB),
          Amount.of(1_000_000),
          new Address("0x" + "70".repeat(20)),
          new Address("0x" + "aa".repeat(20)),
          "Film „Été”",
          new Escrow(314, new Address("0x" + "e5".repeat(20))),
          Amount.of(5),
          true,
          List.of("authorization", "hash"),
          new Address("0x" + "22".repeat(20)),
          262_144,
          "/.tollstream/payments");

  @Test
  void encode_full_isTheCanonicalForm() {
    assertEquals(CANONICAL, new String(Base64.getUrlDecoder().decode(FULL.encode()), UTF_8));
    assertTrue(FULL.encode().matches("[A-Za-z0-9_-]+"));
  }

  @Test
  void parse_whatWasEncoded_isTheSame() {
    assertEquals(FULL, SessionRequest.parse(Encoding.decode(FULL.encode())));
  }

  @ParameterizedTest
  @EnumSource(TariffUnit.class)
  void parse_everyUnit_comesBack(TariffUnit unit) {
    SessionRequest request = with(new Tariff(Amount.of(3), unit));
    assertEquals(request, SessionRequest.parse(Encoding.decode(request.encode())));
  }

  /** The draft's own example, whose unit no byte seller knows. */
  @Test
  void parse_unitNotKnown_isRefused() {
    assertReason("unitType: no such unit", json().put("unitType", "llm_token"));
  }

  @Test
  void parse_onlyWhatTheDraftRequires_takesItsDefaults() {
    JsonObject details =
        new JsonObject().put("chainId", 314).put("escrowContract", "0x" + "E5".repeat(20));
    JsonObject json =
        new JsonObject()
            .put("amount", "25")
            .put("currency", "0x" + "70".repeat(20))
            .put("recipient", "0x" + "AA".repeat(20))
            .put("methodDetails", details);
    SessionRequest request = SessionRequest.parse(json);
    assertEquals(new Tariff(Amount.of(25), TariffUnit.BYTE), request.tariff());
    assertEquals(List.of("hash"), request.credentialTypes());
    assertEquals(Amount.ZERO, request.minVoucherDelta());
    assertEquals(new Address("0x" + "aa".repeat(20)), request.recipient());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "null",
      value = {
        "amount           | null    | amount must be",
        "amount           | 0       | amount must be",
        "amount           | -1      | amount:",
        "amount           | 1.5     | amount:",
        "amount           | 0100    | amount:",
        "currency         | null    | currency is missing",
        "currency         | 0x12    | currency must be",
        "recipient        | nobody  | recipient must be",
        "suggestedDeposit | many    | suggestedDeposit:",
        "methodDetails    | x       | methodDetails must be"
      })
  void parse_fieldWrong_namesIt(String field, String value, String reason) {
    JsonObject json = json();
    json.remove(field);
    assertReason(reason, value == null ? json : json.put(field, value));
  }

  @Test
  void parse_unitBytesThatContradictTheUnit_isRefused() {
    JsonObject json = json();
    json.getJsonObject("methodDetails").put("unitBytes", 1_000_000);
    assertReason("methodDetails.unitBytes contradicts unitType", json);
  }

  @Test
  void parse_detailsWrong_namesThem() {
    assertReason("methodDetails: chainId", withDetail("chainId", 0));
    assertReason("chainId must be a whole number", withDetail("chainId", "314"));
    assertReason("chainId must be a whole number", withDetail("chainId", 3.5));
    assertReason("escrowContract must be", withDetail("escrowContract", "0x"));
    assertReason("methodDetails: the escrow", withDetail("escrowContract", "0x" + "00".repeat(20)));
    assertReason("feePayer must be", withDetail("feePayer", "yes"));
    assertReason("minVoucherDelta:", withDetail("minVoucherDelta", "-5"));
    assertReason(
        "methodDetails.credentialTypes",
        withDetail("credentialTypes", new JsonArray().add("hash").add(7)));
    assertReason("paymentSocket must be", withDetail("paymentSocket", 7));
  }

  private static void assertReason(String start, JsonObject json) {
    String reason = assertThrows(WireException.class, () -> SessionRequest.parse(json)).reason();
    assertTrue(reason.startsWith(start), reason);
  }

  private static JsonObject json() {
    return new JsonObject(CANONICAL);
  }

  private static JsonObject withDetail(String name, Object value) {
    JsonObject json = json();
    json.getJsonObject("methodDetails").put(name, value);
    return json;
  }

  private static SessionRequest with(Tariff tariff) {
    return new SessionRequest(
        tariff,
        null,
        FULL.currency(),
        FULL.recipient(),
        null,
        FULL.escrow(),
        Amount.ZERO,
        false,
        List.of("hash"),
        null,
        0,
        null);
  }
}
