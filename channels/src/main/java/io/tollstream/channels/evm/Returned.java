package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * What a contract returned or logged: words, read by their place. Reading what is not there, or
 * does not fit, throws {@link IllegalArgumentException}: contracts are not to be trusted.
 */
final class Returned {
  private static final int SIZE = 32;
  private static final int MAX_STRING_BYTES = 1024;

  private final byte[] data;

  Returned(String hex) {
    String digits = hex.startsWith("0x") ? hex.substring(2) : hex;
    data = HexFormat.of().parseHex(digits);
  }

  boolean isEmpty() {
    return data.length == 0;
  }

  Address address(int word) {
    byte[] bytes = word(word);
    return Address.of(Arrays.copyOfRange(bytes, 12, SIZE));
  }

  ChannelId channelId(int word) {
    return ChannelId.of(word(word));
  }

  BigInteger number(int word) {
    return new BigInteger(1, word(word));
  }

  Amount amount(int word) {
    BigInteger number = number(word);
    if (number.bitLength() > 128) {
      throw new IllegalArgumentException("an amount above 2^128 - 1");
    }
    return new Amount(number);
  }

  /** The amount, or 2^128 - 1 where a contract counts beyond it. */
  Amount amountOrMax(int word) {
    return new Amount(number(word).min(Amount.MAX.baseUnits()));
  }

  long seconds(int word) {
    return number(word).min(BigInteger.valueOf(Long.MAX_VALUE)).longValueExact();
  }

  boolean bool(int word) {
    return number(word).signum() != 0;
  }

  /** A string, by the offset that stands in a word. */
  String string(int word) {
    int offset = bounded(number(word), data.length);
    if (offset % SIZE != 0) {
      throw new IllegalArgumentException("a string at no word's start");
    }
    int length = bounded(number(offset / SIZE), MAX_STRING_BYTES);
    int start = offset + SIZE;
    if (start + length > data.length) {
      throw new IllegalArgumentException("a string beyond the end");
    }
    return new String(data, start, length, StandardCharsets.UTF_8);
  }

  private static int bounded(BigInteger number, int limit) {
    if (number.compareTo(BigInteger.valueOf(limit)) > 0) {
      throw new IllegalArgumentException("an offset or length out of bounds");
    }
    return number.intValueExact();
  }

  byte[] word(int word) {
    int start = word * SIZE;
    if (start + SIZE > data.length) {
      throw new IllegalArgumentException("word " + word + " of " + data.length / SIZE);
    }
    return Arrays.copyOfRange(data, start, start + SIZE);
  }
}
