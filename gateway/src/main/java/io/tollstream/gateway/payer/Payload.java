package io.tollstream.gateway.payer;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Funding;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Writes the payloads of credentials (draft-evm-session-00, "Payload Actions"). */
final class Payload {
  private Payload() {}

  static JsonObject voucher(Voucher voucher) {
    return voucher("voucher", voucher);
  }

  static JsonObject close(Voucher voucher) {
    return voucher("close", voucher);
  }

  private static JsonObject voucher(String action, Voucher voucher) {
    return action(action, voucher.channelId())
        .put("cumulativeAmount", voucher.cumulative().toString())
        .put("signature", voucher.signature().hex());
  }

  /** An open that the payer broadcast itself. */
  static JsonObject open(String transactionHash, String salt, Voucher initial) {
    return voucher("open", initial)
        .put("type", "hash")
        .put("hash", transactionHash)
        .put("salt", salt);
  }

  /** An open that the gateway is to submit. */
  static JsonObject open(PaymentAction.Open open, Funding.Eip3009 funding) {
    return action("open", open.channelId())
        .put("type", "authorization")
        .put("authorization", authorization(funding))
        .put("signature", funding.signature().hex())
        .put("salt", open.salt())
        .put("cumulativeAmount", open.voucher().cumulative().toString())
        .put("voucherSignature", open.voucher().signature().hex());
  }

  /** A top-up that the payer broadcast itself. */
  static JsonObject topUp(ChannelId id, String transactionHash, Amount additional) {
    return action("topUp", id)
        .put("type", "hash")
        .put("hash", transactionHash)
        .put("additionalDeposit", additional.toString());
  }

  /** A top-up that the gateway is to submit. */
  static JsonObject topUp(PaymentAction.TopUp topUp, Funding.Eip3009 funding) {
    return action("topUp", topUp.channelId())
        .put("type", "authorization")
        .put("authorization", authorization(funding))
        .put("signature", funding.signature().hex())
        .put("salt", topUp.salt())
        .put("additionalDeposit", topUp.additional().toString());
  }

  /** Whether an authorization that was written down can be used no more; by the chain's clock. */
  static boolean hasExpired(@Nullable String openPayload, Instant now) {
    if (openPayload == null) {
      return false;
    }
    JsonObject authorization = new JsonObject(openPayload).getJsonObject("authorization");
    long validBefore = Amount.parse(authorization.getString("validBefore")).baseUnits().longValue();
    return now.getEpochSecond() - Addition.CLOCK_SECONDS > validBefore;
  }

  private static JsonObject authorization(Funding.Eip3009 funding) {
    return new JsonObject()
        .put("from", funding.from().hex())
        .put("to", funding.to().hex())
        .put("value", funding.value().toString())
        .put("validAfter", funding.validAfter().toString())
        .put("validBefore", funding.validBefore().toString())
        .put("nonce", funding.nonce());
  }

  private static JsonObject action(String action, ChannelId id) {
    return new JsonObject().put("action", action).put("channelId", id.hex());
  }
}
