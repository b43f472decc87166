package io.tollstream.gateway.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tollstream.channels.ChannelId;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ReceiptTest {
  static final Receipt CLOSED =
      new Receipt(
          "evm",
          "session",
          Instant.parse("2026-04-01T12:10:00Z"),
          "kM9xPqWvT2nJrHsY4aDfEb",
          new ChannelId("0x" + "6d".repeat(32)),
          196,
          Amount.of(250_000),
          Amount.of(237_500),
          500L,
          "0x" + "1a".repeat(32));

  /** Field by field what draft-evm-session-00, "Receipt Generation", lists. */
  @Test
  void toJson_ofAReceipt_hasTheDraftsFields() {
    JsonObject expected =
        new JsonObject()
            .put("method", "evm")
            .put("intent", "session")
            .put("status", "success")
            .put("timestamp", "2026-04-01T12:10:00Z")
            .put("reference", "0x" + "6d".repeat(32))
            .put("challengeId", "kM9xPqWvT2nJrHsY4aDfEb")
            .put("channelId", "0x" + "6d".repeat(32))
            .put("acceptedCumulative", "250000")
            .put("spent", "237500")
            .put("chainId", 196L)
            .put("units", 500L)
            .put("txHash", "0x" + "1a".repeat(32));
    assertEquals(expected, CLOSED.toJson());
  }

  @Test
  void header_parsed_isTheSameReceipt() {
    assertEquals(CLOSED, Receipt.parse(CLOSED.header()));
    assertEquals(running(), Receipt.parse(running().header()));
  }

  @Test
  void toJson_whileRunning_leavesOutWhatIsNotKnown() {
    assertFalse(running().toJson().containsKey("units"));
    assertFalse(running().toJson().containsKey("txHash"));
  }

  @Test
  void toJson_fractionsOfASecond_areCutOff() {
    Receipt receipt =
        new Receipt(
            "evm",
            "session",
            Instant.parse("2026-04-01T12:10:00.987654321Z"),
            "x",
            CLOSED.channelId(),
            1,
            Amount.ZERO,
            Amount.ZERO,
            null,
            null);
    assertEquals("2026-04-01T12:10:00Z", receipt.toJson().getString("timestamp"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"status", "method", "timestamp", "channelId", "spent"})
  void parse_fieldMissingOrWrong_isRefused(String field) {
    JsonObject json = CLOSED.toJson();
    json.remove(field);
    assertThrows(WireException.class, () -> Receipt.parse(json));
    json.put(field, "no such value");
    if (!field.equals("method")) {
      assertThrows(WireException.class, () -> Receipt.parse(json));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "e30", "e30=", "not base64", "W10"})
  void parse_noReceipt_isRefused(String header) {
    assertThrows(WireException.class, () -> Receipt.parse(header));
  }

  private static Receipt running() {
    return new Receipt(
        "evm",
        "session",
        CLOSED.timestamp(),
        CLOSED.challengeId(),
        CLOSED.channelId(),
        196,
        Amount.MAX,
        Amount.ZERO,
        null,
        null);
  }
}
