package io.tollstream.channels;

/**
 * A 20-byte account or contract address. Compared by its bytes, never by its spelling
 * (draft-evm-session-00, "Hexadecimal Values").
 *
 * @param hex {@code 0x} and 40 lowercase hexadecimal digits
 */
public record Address(String hex) {
  /** All zero: the native coin as a token, "the payer" as a signer. */
  public static final Address ZERO = new Address("0x" + "0".repeat(40));

  private static final String MASKED_ID_PREFIX = "0xff" + "0".repeat(22);

  /**
   * Any spelling of the address.
   *
   * @throws IllegalArgumentException if {@code hex} is not 20 bytes of hexadecimal
   */
  public Address {
    hex = Hex.encode(Hex.decode(hex, 20));
  }

  public static Address of(byte[] bytes) {
    return new Address(Hex.encode(bytes));
  }

  public byte[] bytes() {
    return Hex.decode(hex, 20);
  }

  public boolean isZero() {
    return equals(ZERO);
  }

  /**
   * Whether this is a Filecoin actor id in disguise, which no key controls (FEVM, "0xff" masks).
   */
  public boolean isMaskedId() {
    return hex.startsWith(MASKED_ID_PREFIX);
  }

  @Override
  public String toString() {
    return hex;
  }
}
