package io.tollstream.channels;

import java.util.Arrays;

/**
 * A 65-byte {@code r || s || v} signature, worth money: it never prints itself. Immutable.
 *
 * @see #hex() for the wire and the ledger
 */
public final class Signature {
  /** {@code r} (32), {@code s} (32), {@code v} (1). */
  public static final int LENGTH = 65;

  private final byte[] bytes;

  private Signature(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * Copies 65 bytes.
   *
   * @throws IllegalArgumentException if there are not 65
   */
  public static Signature of(byte[] bytes) {
    if (bytes.length != LENGTH) {
      throw new IllegalArgumentException("expected 65 bytes: r, s and v");
    }
    return new Signature(bytes.clone());
  }

  /**
   * Reads {@code 0x} and 130 lowercase digits.
   *
   * @throws IllegalArgumentException if the text is anything else
   */
  public static Signature parse(String hex) {
    return new Signature(Hex.decodeLowercase(hex, LENGTH));
  }

  public byte[] bytes() {
    return bytes.clone();
  }

  public String hex() {
    return Hex.encode(bytes);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Signature that && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return "Signature[hidden]";
  }
}
