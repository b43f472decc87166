package io.tollstream.gateway.wire;

import io.tollstream.channels.Address;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import org.jspecify.annotations.Nullable;

/** Reads typed fields of JSON that somebody else wrote; every failure names its field. */
final class Fields {
  private Fields() {}

  static JsonObject object(JsonObject json, String name) {
    if (json.getValue(name) instanceof JsonObject object) {
      return object;
    }
    throw new WireException(name + " must be a JSON object");
  }

  static String string(JsonObject json, String name) {
    String value = optionalString(json, name);
    if (value == null) {
      throw new WireException(name + " is missing");
    }
    return value;
  }

  static @Nullable String optionalString(JsonObject json, String name) {
    Object value = json.getValue(name);
    if (value == null || value instanceof String) {
      return (String) value;
    }
    throw new WireException(name + " must be a string");
  }

  static @Nullable Amount optionalAmount(JsonObject json, String name) {
    String value = optionalString(json, name);
    try {
      return value == null ? null : Amount.parse(value);
    } catch (NumberFormatException e) {
      throw new WireException(name + ": " + e.getMessage(), e);
    }
  }

  static Amount amount(JsonObject json, String name) {
    Amount value = optionalAmount(json, name);
    if (value == null) {
      throw new WireException(name + " is missing");
    }
    return value;
  }

  static Address address(JsonObject json, String name) {
    try {
      return new Address(string(json, name));
    } catch (IllegalArgumentException e) {
      throw new WireException(name + " must be an address", e);
    }
  }

  static boolean flag(JsonObject json, String name) {
    Object value = json.getValue(name);
    if (value == null || value instanceof Boolean) {
      return Boolean.TRUE.equals(value);
    }
    throw new WireException(name + " must be true or false");
  }

  static long optionalLong(JsonObject json, String name, long otherwise) {
    Object value = json.getValue(name);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Integer || value instanceof Long) {
      return ((Number) value).longValue();
    }
    throw new WireException(name + " must be a whole number");
  }
}
