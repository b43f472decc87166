package io.tollstream.gateway.wire;

import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.evm.Eip55;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The {@code request} of a session challenge (draft-evm-session-00, "Request Schema"). Base units
 * cannot price one byte of most tokens, so {@code unitType} is the tariff's unit and {@code
 * methodDetails} says what it measures: {@code unitBytes}, or {@code unitSeconds}.
 *
 * @param suggestedDeposit a deposit that makes sense, or null
 * @param description for people's eyes, or null
 * @param permit2 the Permit2 contract, or null for the canonical one
 * @param credentialTypes what the server takes, best first: {@code hash}, {@code authorization},
 *     {@code permit2}
 * @param chunkBytes the first chunk of a stream, so that a payer knows how far ahead to pay; for a
 *     time tariff in milliseconds, and {@code chunkMillis} on the wire
 * @param paymentSocket the path of the payment socket on the same server, or null
 */
public record SessionRequest(
    Tariff tariff,
    @Nullable Amount suggestedDeposit,
    Address currency,
    Address recipient,
    @Nullable String description,
    Escrow escrow,
    Amount minVoucherDelta,
    boolean feePayer,
    List<String> credentialTypes,
    @Nullable Address permit2,
    long chunkBytes,
    @Nullable String paymentSocket) {

  public SessionRequest {
    credentialTypes = List.copyOf(credentialTypes);
  }

  /** The canonical base64url that stands in a challenge. */
  public String encode() {
    return Encoding.encode(toJson());
  }

  private JsonObject toJson() {
    JsonObject json =
        new JsonObject()
            .put("amount", tariff.price().toString())
            .put("unitType", tariff.unit().label())
            .put("currency", Eip55.spell(currency))
            .put("recipient", Eip55.spell(recipient))
            .put("methodDetails", details());
    putIfPresent(json, "suggestedDeposit", suggestedDeposit);
    putIfPresent(json, "description", description);
    return json;
  }

  private JsonObject details() {
    JsonObject details =
        new JsonObject()
            .put("chainId", escrow.chainId())
            .put("escrowContract", Eip55.spell(escrow.contract()))
            .put("minVoucherDelta", minVoucherDelta.toString())
            .put("feePayer", feePayer)
            .put("credentialTypes", new JsonArray(new ArrayList<>(credentialTypes)))
            .put(chunkField(tariff.unit()), chunkBytes)
            .put(unitField(tariff.unit()), unitSize(tariff.unit()));
    putIfPresent(details, "permit2Contract", permit2 == null ? null : Eip55.spell(permit2));
    putIfPresent(details, "paymentSocket", paymentSocket);
    return details;
  }

  /**
   * Reads a challenge's request, trusting none of it.
   *
   * @throws WireException naming the field that is missing, malformed or contradictory
   */
  public static SessionRequest parse(JsonObject json) {
    JsonObject details = Fields.object(json, "methodDetails");
    Tariff tariff = tariff(json, details);
    return new SessionRequest(
        tariff,
        Fields.optionalAmount(json, "suggestedDeposit"),
        Fields.address(json, "currency"),
        Fields.address(json, "recipient"),
        Fields.optionalString(json, "description"),
        escrow(details),
        orZero(Fields.optionalAmount(details, "minVoucherDelta")),
        Fields.flag(details, "feePayer"),
        credentialTypes(details),
        details.containsKey("permit2Contract") ? Fields.address(details, "permit2Contract") : null,
        Fields.optionalLong(details, chunkField(tariff.unit()), 0),
        Fields.optionalString(details, "paymentSocket"));
  }

  private static Tariff tariff(JsonObject json, JsonObject details) {
    String label = Fields.optionalString(json, "unitType");
    TariffUnit unit;
    try {
      unit = label == null ? TariffUnit.BYTE : TariffUnit.ofLabel(label);
    } catch (IllegalArgumentException e) {
      throw new WireException("unitType: " + e.getMessage(), e);
    }
    if (Fields.optionalLong(details, unitField(unit), unitSize(unit)) != unitSize(unit)) {
      throw new WireException("methodDetails." + unitField(unit) + " contradicts unitType");
    }
    Amount price = Fields.optionalAmount(json, "amount");
    if (price == null || price.isZero()) {
      throw new WireException("amount must be a decimal string above zero");
    }
    return new Tariff(price, unit);
  }

  private static Escrow escrow(JsonObject details) {
    try {
      return new Escrow(
          Fields.optionalLong(details, "chainId", 0), Fields.address(details, "escrowContract"));
    } catch (IllegalArgumentException e) {
      throw new WireException("methodDetails: " + e.getMessage(), e);
    }
  }

  private static List<String> credentialTypes(JsonObject details) {
    Object types = details.getValue("credentialTypes");
    if (types == null) {
      return List.of("hash");
    }
    if (types instanceof JsonArray array && array.stream().allMatch(String.class::isInstance)) {
      return array.stream().map(String.class::cast).toList();
    }
    throw new WireException("methodDetails.credentialTypes must be an array of strings");
  }

  private static String chunkField(TariffUnit unit) {
    return unit.kind() == TariffUnit.Kind.TIME ? "chunkMillis" : "chunkBytes";
  }

  private static String unitField(TariffUnit unit) {
    return unit.kind() == TariffUnit.Kind.TIME ? "unitSeconds" : "unitBytes";
  }

  private static long unitSize(TariffUnit unit) {
    return unit.kind() == TariffUnit.Kind.TIME ? unit.quanta() / 1_000 : unit.quanta();
  }

  private static Amount orZero(@Nullable Amount amount) {
    return amount == null ? Amount.ZERO : amount;
  }

  private static void putIfPresent(JsonObject json, String name, @Nullable Object value) {
    if (value != null) {
      json.put(name, value.toString());
    }
  }
}
