package io.tollstream.channels.evm;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.HexFormat;

/** The code that a contract has on chain, its immutables, which the deployer chooses, left out. */
final class DeployedCode {
  private final byte[] code;
  private final boolean[] chosen;

  private DeployedCode(byte[] code, boolean[] chosen) {
    this.code = code;
    this.chosen = chosen;
  }

  static DeployedCode of(JsonNode artifact) {
    byte[] code = parse(artifact.required("deployedBytecode").asText());
    boolean[] chosen = new boolean[code.length];
    for (JsonNode immutable : artifact.required("immutableReferences")) {
      int start = immutable.required("start").asInt();
      Arrays.fill(chosen, start, start + immutable.required("length").asInt(), true);
    }
    return new DeployedCode(code, chosen);
  }

  /** Whether what is at an address, {@code 0x} and hexadecimal digits, is this code. */
  boolean isAt(String found) {
    byte[] other;
    try {
      other = parse(found);
    } catch (IllegalArgumentException notHexadecimal) {
      return false;
    }
    boolean same = other.length == code.length;
    for (int i = 0; same && i < code.length; i++) {
      same = chosen[i] || code[i] == other[i];
    }
    return same;
  }

  private static byte[] parse(String hex) {
    return HexFormat.of().parseHex(hex, 2, hex.length());
  }
}
