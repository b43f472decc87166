package io.tollstream.channels;

import java.util.HexFormat;

/**
 * Reads and writes {@code 0x}-prefixed hexadecimal (draft-evm-session-00, "Hexadecimal Values").
 */
public final class Hex {
  private static final HexFormat FORMAT = HexFormat.of();

  private Hex() {}

  /** Lowercase digits behind {@code 0x}. */
  public static String encode(byte[] bytes) {
    return "0x" + FORMAT.formatHex(bytes);
  }

  /**
   * Reads exactly {@code length} bytes in digits of either case.
   *
   * @throws IllegalArgumentException if the text is anything else
   */
  public static byte[] decode(String text, int length) {
    if (text.length() != 2 + 2 * length || !text.startsWith("0x")) {
      throw new IllegalArgumentException("expected 0x and " + 2 * length + " hexadecimal digits");
    }
    return FORMAT.parseHex(text, 2, text.length());
  }

  /**
   * Reads exactly {@code length} bytes in lowercase digits: the one spelling of a value that is
   * also a key, so that no alias of it is ever taken for another.
   *
   * @throws IllegalArgumentException if the text is anything else
   */
  public static byte[] decodeLowercase(String text, int length) {
    byte[] bytes = decode(text, length);
    if (!encode(bytes).equals(text)) {
      throw new IllegalArgumentException("expected lowercase hexadecimal digits");
    }
    return bytes;
  }
}
