package io.tollstream.channels.evm;

import java.nio.charset.StandardCharsets;
import org.bouncycastle.crypto.digests.KeccakDigest;

/** Keccak-256 with Ethereum's original padding, which SHA3-256 changed. */
final class Keccak {
  private Keccak() {}

  static byte[] hash(byte[] data) {
    return hash(data, 0, data.length);
  }

  static byte[] hash(byte[] data, int from, int length) {
    KeccakDigest digest = new KeccakDigest(256);
    digest.update(data, from, length);
    byte[] hash = new byte[32];
    digest.doFinal(hash, 0);
    return hash;
  }

  static byte[] hash(String text) {
    return hash(text.getBytes(StandardCharsets.UTF_8));
  }
}
