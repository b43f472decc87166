package io.tollstream.channels;

/**
 * The name under which a process reserves on a ledger; a new one each time it starts, so that what
 * an earlier run has left is told apart.
 *
 * @param hex {@code 0x} and 32 lowercase hexadecimal digits: 16 random bytes
 */
public record NodeId(String hex) implements Comparable<NodeId> {
  private static final int BYTES = 16;

  /**
   * The id in its one spelling.
   *
   * @throws IllegalArgumentException if {@code hex} is not 16 bytes of lowercase hexadecimal
   */
  public NodeId {
    hex = Hex.encode(Hex.decodeLowercase(hex, BYTES));
  }

  public static NodeId of(byte[] bytes) {
    return new NodeId(Hex.encode(bytes));
  }

  public byte[] bytes() {
    return Hex.decode(hex, BYTES);
  }

  @Override
  public int compareTo(NodeId other) {
    return hex.compareTo(other.hex);
  }

  @Override
  public String toString() {
    return hex;
  }
}
