package io.tollstream.gateway.wire;

import io.tollstream.channels.ChannelId;
import io.tollstream.metering.Amount;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;

/** A text frame of the payment socket: JSON, its kind under {@code mpp}. */
public sealed interface Frame {
  /** Payer to gateway: the value of an {@code Authorization} header. */
  record Authorization(String header) implements Frame {
    @Override
    public JsonObject toJson() {
      return new JsonObject().put("mpp", "authorization").put("authorization", header);
    }

    @Override
    public String toString() {
      return "Authorization[hidden]";
    }
  }

  /** Gateway to payer: a stream wants, or is waiting for, a voucher of at least this amount. */
  record NeedVoucher(
      ChannelId channelId, Amount requiredCumulative, Amount acceptedCumulative, Amount deposit)
      implements Frame {
    @Override
    public JsonObject toJson() {
      return framed(
          "payment-need-voucher",
          new JsonObject()
              .put("channelId", channelId.hex())
              .put("requiredCumulative", requiredCumulative.toString())
              .put("acceptedCumulative", acceptedCumulative.toString())
              .put("deposit", deposit.toString()));
    }
  }

  /** Gateway to payer: where the channel stands, after a voucher or at a stream's end. */
  record Receipted(Receipt receipt) implements Frame {
    @Override
    public JsonObject toJson() {
      return framed("payment-receipt", receipt.toJson());
    }
  }

  /** Gateway to payer: the channel is closed on chain. */
  record CloseReady(Receipt receipt) implements Frame {
    @Override
    public JsonObject toJson() {
      return framed("payment-close-ready", receipt.toJson());
    }
  }

  /** Gateway to payer: a credential was refused. */
  record Failed(int status, String message, JsonObject problem) implements Frame {
    @Override
    public JsonObject toJson() {
      return new JsonObject()
          .put("mpp", "payment-error")
          .put("status", status)
          .put("message", message)
          .put("problem", problem);
    }
  }

  JsonObject toJson();

  /**
   * Reads a frame.
   *
   * @throws WireException if it is none of these
   */
  static Frame parse(String text) {
    JsonObject json;
    try {
      json = new JsonObject(text);
    } catch (DecodeException e) {
      throw new WireException("a frame must be a JSON object", e);
    }
    return switch (Fields.string(json, "mpp")) {
      case "authorization" -> new Authorization(Fields.string(json, "authorization"));
      case "payment-need-voucher" -> needVoucher(Fields.object(json, "data"));
      case "payment-receipt" -> new Receipted(Receipt.parse(Fields.object(json, "data")));
      case "payment-close-ready" -> new CloseReady(Receipt.parse(Fields.object(json, "data")));
      case "payment-error" -> failed(json);
      default -> throw new WireException("mpp: no such frame");
    };
  }

  private static NeedVoucher needVoucher(JsonObject data) {
    try {
      return new NeedVoucher(
          new ChannelId(Fields.string(data, "channelId")),
          Fields.amount(data, "requiredCumulative"),
          Fields.amount(data, "acceptedCumulative"),
          Fields.amount(data, "deposit"));
    } catch (IllegalArgumentException e) {
      throw new WireException("channelId must be 32 bytes of lowercase hexadecimal", e);
    }
  }

  private static Failed failed(JsonObject json) {
    return new Failed(
        (int) Fields.optionalLong(json, "status", 402),
        Fields.string(json, "message"),
        json.getValue("problem") instanceof JsonObject problem ? problem : new JsonObject());
  }

  private static JsonObject framed(String kind, JsonObject data) {
    return new JsonObject().put("mpp", kind).put("data", data);
  }
}
