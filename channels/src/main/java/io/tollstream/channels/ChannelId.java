package io.tollstream.channels;

/**
 * The 32-byte name of a channel. It has one spelling, lowercase, because it is a key: an uppercase
 * alias is refused rather than folded.
 *
 * @param hex {@code 0x} and 64 lowercase hexadecimal digits
 */
public record ChannelId(String hex) implements Comparable<ChannelId> {

  /**
   * The id in its one spelling.
   *
   * @throws IllegalArgumentException if {@code hex} is not 32 bytes of lowercase hexadecimal
   */
  public ChannelId {
    hex = Hex.encode(Hex.decodeLowercase(hex, 32));
  }

  public static ChannelId of(byte[] bytes) {
    return new ChannelId(Hex.encode(bytes));
  }

  public byte[] bytes() {
    return Hex.decode(hex, 32);
  }

  @Override
  public int compareTo(ChannelId other) {
    return hex.compareTo(other.hex);
  }

  @Override
  public String toString() {
    return hex;
  }
}
