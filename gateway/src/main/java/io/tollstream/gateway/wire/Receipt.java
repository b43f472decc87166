package io.tollstream.gateway.wire;

import io.tollstream.channels.ChannelId;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * What a channel stands at, as {@code Payment-Receipt} tells it (draft-evm-session-00, "Receipt
 * Generation"). Its reference is the channel.
 *
 * @param spent what is charged, reservations of running streams included
 * @param units quanta this response charged, or null before it has ended
 * @param transactionHash the settlement's, or null
 */
public record Receipt(
    String method,
    String intent,
    Instant timestamp,
    String challengeId,
    ChannelId channelId,
    long chainId,
    Amount acceptedCumulative,
    Amount spent,
    @Nullable Long units,
    @Nullable String transactionHash) {
  /** The header and trailer. */
  public static final String HEADER = "Payment-Receipt";

  public JsonObject toJson() {
    JsonObject json =
        new JsonObject()
            .put("method", method)
            .put("intent", intent)
            .put("status", "success")
            .put("timestamp", timestamp.truncatedTo(ChronoUnit.SECONDS).toString())
            .put("challengeId", challengeId)
            .put("reference", channelId.hex())
            .put("channelId", channelId.hex())
            .put("chainId", chainId)
            .put("acceptedCumulative", acceptedCumulative.toString())
            .put("spent", spent.toString());
    if (units != null) {
      json.put("units", units);
    }
    if (transactionHash != null) {
      json.put("txHash", transactionHash);
    }
    return json;
  }

  /** The header's value. */
  public String header() {
    return Encoding.encode(toJson());
  }

  /**
   * Reads a header's value.
   *
   * @throws WireException if it is no receipt
   */
  public static Receipt parse(String header) {
    return parse(Encoding.decode(header));
  }

  /**
   * Reads a receipt as a frame carries it.
   *
   * @throws WireException if it is no receipt
   */
  public static Receipt parse(JsonObject json) {
    if (!"success".equals(json.getValue("status"))) {
      throw new WireException("status must be success");
    }
    try {
      return new Receipt(
          Fields.string(json, "method"),
          Fields.string(json, "intent"),
          Instant.parse(Fields.string(json, "timestamp")),
          Fields.string(json, "challengeId"),
          new ChannelId(Fields.string(json, "channelId")),
          Fields.optionalLong(json, "chainId", 0),
          Fields.amount(json, "acceptedCumulative"),
          Fields.amount(json, "spent"),
          json.containsKey("units") ? Fields.optionalLong(json, "units", 0) : null,
          Fields.optionalString(json, "txHash"));
    } catch (DateTimeParseException | IllegalArgumentException e) {
      throw new WireException("not a receipt", e);
    }
  }
}
