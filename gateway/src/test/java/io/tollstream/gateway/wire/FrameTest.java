package io.tollstream.gateway.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tollstream.channels.ChannelId;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class FrameTest {
  private static final Frame.NeedVoucher DEMAND =
      new Frame.NeedVoucher(
          new ChannelId("0x" + "6d".repeat(32)),
          Amount.of(250_025),
          Amount.of(250_000),
          Amount.of(500_000));

  static Stream<Frame> frames() {
    JsonObject problem = ProblemType.DELTA_TOO_SMALL.toJson("why");
    return Stream.of(
        new Frame.Authorization("Payment e30"),
        DEMAND,
        new Frame.Receipted(ReceiptTest.CLOSED),
        new Frame.CloseReady(ReceiptTest.CLOSED),
        new Frame.Failed(402, "why", problem));
  }

  @ParameterizedTest
  @MethodSource("frames")
  void parse_whatWasWritten_isTheSameFrame(Frame frame) {
    assertEquals(frame, Frame.parse(frame.toJson().encode()));
  }

  @Test
  void needVoucher_written_hasTheDraftsFields() {
    assertEquals(
        "{\"mpp\":\"payment-need-voucher\",\"data\":{\"channelId\":\"0x"
            + "6d".repeat(32)
            + "\",\"requiredCumulative\":\"250025\",\"acceptedCumulative\":\"250000\","
            + "\"deposit\":\"500000\"}}",
        DEMAND.toJson().encode());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "[]",
        "null",
        "{}",
        "{\"mpp\":7}",
        "{\"mpp\":\"payment-something-else\"}",
        "{\"mpp\":\"authorization\"}",
        "{\"mpp\":\"authorization\",\"authorization\":{}}",
        "{\"mpp\":\"payment-receipt\"}",
        "{\"mpp\":\"payment-receipt\",\"data\":{}}",
        "{\"mpp\":\"payment-error\",\"status\":\"402\"}",
        "{\"mpp\":\"payment-need-voucher\",\"data\":{\"channelId\":\"0xAB\"}}"
      })
  void parse_noFrame_isRefused(String text) {
    assertThrows(WireException.class, () -> Frame.parse(text));
  }

  @Test
  void parse_channelIdInUpperCase_isRefused() {
    String text = DEMAND.toJson().encode().replace("6d", "6D");
    assertThrows(WireException.class, () -> Frame.parse(text));
  }

  @Test
  void toString_ofAnAuthorization_showsNothing() {
    assertFalse(new Frame.Authorization("Payment secret").toString().contains("secret"));
  }
}
