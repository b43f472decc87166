package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Hex;
import io.tollstream.channels.Signature;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.util.Map;
import java.util.function.Function;

/**
 * The fields of a JSON object, each read in its one accepted form (draft-evm-session-00, "Encoding
 * Conventions"). What is not read is ignored; what cannot be read throws {@link MalformedField}.
 */
final class Fields {
  private static final int MAX_UINT256_DIGITS = 78;

  private final String path;
  private final Map<?, ?> values;

  /**
   * @param path of the object within the payload, with a trailing dot, or empty
   */
  Fields(String path, Map<?, ?> values) {
    this.path = path;
    this.values = values;
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  MalformedField malformed(String name, String expected) {
    return new MalformedField(path + name, expected);
  }

  /** Refuses the field unless it agrees with what stands elsewhere. */
  void require(boolean agrees, String name, String expected) {
    if (!agrees) {
      throw malformed(name, expected);
    }
  }

  String text(String name) {
    if (values.get(name) instanceof String text) {
      return text;
    }
    throw malformed(name, "a string");
  }

  Fields object(String name) {
    if (values.get(name) instanceof Map<?, ?> map) {
      return new Fields(path + name + ".", map);
    }
    throw malformed(name, "an object");
  }

  ChannelId channelId(String name) {
    return read(name, "0x and 64 lowercase hexadecimal digits", ChannelId::new);
  }

  /** 32 bytes, in their one spelling. */
  String bytes32(String name) {
    return read(
        name,
        "0x and 64 lowercase hexadecimal digits",
        text -> Hex.encode(Hex.decodeLowercase(text, 32)));
  }

  Signature signature(String name) {
    return read(name, "0x and 130 lowercase hexadecimal digits: r, s and v", Signature::parse);
  }

  Address address(String name) {
    return read(name, "0x and 40 hexadecimal digits", Address::new);
  }

  Address addressOrZero(String name) {
    return has(name) ? address(name) : Address.ZERO;
  }

  Amount amount(String name) {
    return read(name, "a decimal string from 0 to 2^128 - 1", Amount::parse);
  }

  BigInteger uint256(String name) {
    return read(name, "a decimal string from 0 to 2^256 - 1", Fields::parseUint256);
  }

  private static BigInteger parseUint256(String text) {
    boolean digits = !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
    boolean leadingZero = text.length() > 1 && text.charAt(0) == '0';
    if (!digits || leadingZero || text.length() > MAX_UINT256_DIGITS) {
      throw new NumberFormatException("not a decimal number");
    }
    BigInteger number = new BigInteger(text);
    if (number.bitLength() > 256) {
      throw new NumberFormatException("above 2^256 - 1");
    }
    return number;
  }

  private <T> T read(String name, String expected, Function<String, T> parser) {
    try {
      return parser.apply(text(name));
    } catch (IllegalArgumentException e) {
      throw malformed(name, expected);
    }
  }
}
