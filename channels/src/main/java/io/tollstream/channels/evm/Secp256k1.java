package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Signature;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * ECDSA on secp256k1 in Ethereum's form. Only canonical signatures exist here (see {@link
 * Canonical}): nothing else is produced, nothing else recovers.
 *
 * <p>Signatures are checked by recovery, never against a remembered public key: that check ignores
 * {@code v}, so a payer could hand in vouchers with a flipped {@code v} that pass here and that the
 * escrow, which recovers, refuses to pay. With libsecp256k1 recovery costs only a fifth more.
 */
interface Secp256k1 {
  /** Whether 32 bytes are a private key: above zero and below the group's order. */
  default boolean isPrivateKey(byte[] key) {
    return key.length == 32 && Canonical.isScalar(key, 0);
  }

  /** The 65-byte uncompressed public key. */
  byte[] publicKey(byte[] privateKey);

  /** Signs with a deterministic nonce (RFC 6979), low s, v of 27 or 28. */
  Signature sign(byte[] digest, byte[] privateKey);

  /** The 65-byte uncompressed public key that signed, or null where there is none. */
  byte @Nullable [] recover(byte[] digest, Signature signature);

  /**
   * The account that signed, or null where the signature is not canonical or recovers to nobody.
   */
  default @Nullable Address signer(byte[] digest, Signature signature) {
    byte[] publicKey = recover(digest, signature);
    return publicKey == null ? null : addressOf(publicKey);
  }

  /** The last 20 bytes of the hash of the key's coordinates. */
  static Address addressOf(byte[] publicKey) {
    return Address.of(Arrays.copyOfRange(Keccak.hash(publicKey, 1, 64), 12, 32));
  }

  /** The fastest implementation that runs on this machine. */
  static Secp256k1 best() {
    return BestSecp256k1.INSTANCE;
  }
}
