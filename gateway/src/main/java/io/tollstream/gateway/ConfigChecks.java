package io.tollstream.gateway;

import io.tollstream.channels.Address;
import io.tollstream.metering.Amount;
import org.jspecify.annotations.Nullable;

/** Checks of configured values; each failure names the key and the fix. */
final class ConfigChecks {
  private ConfigChecks() {}

  static Amount amount(String text, String field) {
    try {
      return Amount.parse(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(field + ": " + e.getMessage() + "; quote it", e);
    }
  }

  static Address address(String text, String field) {
    try {
      return new Address(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          field + ": must be a quoted address of 0x and 40 hexadecimal digits", e);
    }
  }

  static <T> T present(@Nullable T value, String field, String what) {
    if (value == null) {
      throw new IllegalArgumentException(field + " is missing: " + what);
    }
    return value;
  }

  static void check(boolean holds, String field, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(field + ": " + otherwise);
    }
  }
}
