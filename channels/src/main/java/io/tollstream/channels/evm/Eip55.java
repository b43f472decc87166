package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Hex;

/** Spells addresses with EIP-55's mixed-case checksum, for people and for challenges. */
public final class Eip55 {
  private Eip55() {}

  public static String spell(Address address) {
    String lower = address.hex().substring(2);
    String hash = Hex.encode(Keccak.hash(lower)).substring(2);
    StringBuilder text = new StringBuilder("0x");
    for (int i = 0; i < lower.length(); i++) {
      char digit = lower.charAt(i);
      text.append(hash.charAt(i) >= '8' ? Character.toUpperCase(digit) : digit);
    }
    return text.toString();
  }
}
