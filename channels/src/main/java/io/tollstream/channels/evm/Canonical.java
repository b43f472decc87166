package io.tollstream.channels.evm;

import io.tollstream.channels.Hex;
import io.tollstream.channels.Signature;
import java.util.Arrays;

/**
 * The one accepted form of a signature: r and s above zero and below the order, s in the lower half
 * (draft-evm-session-00, "Signature Malleability"), v of 27 or 28.
 */
final class Canonical {
  static final byte[] ORDER =
      Hex.decode("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 32);
  private static final byte[] HALF_ORDER =
      Hex.decode("0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0", 32);
  private static final byte[] ZERO = new byte[32];
  private static final int V_EVEN = 27;

  private Canonical() {}

  /** Whether r, s and v are all in range; says nothing of who signed. */
  static boolean isCanonical(byte[] signature) {
    int v = Byte.toUnsignedInt(signature[64]);
    return isScalar(signature, 0)
        && isScalar(signature, 32)
        && compare(signature, 32, HALF_ORDER) <= 0
        && (v == V_EVEN || v == V_EVEN + 1);
  }

  /** Whether the 32 bytes are above zero and below the order. */
  static boolean isScalar(byte[] bytes, int from) {
    return compare(bytes, from, ZERO) > 0 && compare(bytes, from, ORDER) < 0;
  }

  /** 0 or 1: the parity of the nonce point's y. */
  static int recoveryId(byte[] signature) {
    return signature[64] - V_EVEN;
  }

  static Signature join(byte[] compact, int recoveryId) {
    byte[] bytes = Arrays.copyOf(compact, Signature.LENGTH);
    bytes[64] = (byte) (V_EVEN + recoveryId);
    return Signature.of(bytes);
  }

  private static int compare(byte[] bytes, int from, byte[] other) {
    return Arrays.compareUnsigned(bytes, from, from + 32, other, 0, 32);
  }
}
