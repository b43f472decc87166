package io.tollstream.channels.evm;

import fr.acinq.secp256k1.Secp256k1Exception;
import io.tollstream.channels.Signature;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** libsecp256k1, through ACINQ's JNI binding. */
final class NativeSecp256k1 implements Secp256k1 {
  private final fr.acinq.secp256k1.Secp256k1 library;

  /**
   * Loads the native library.
   *
   * @throws RuntimeException or a LinkageError where there is none for this machine
   */
  NativeSecp256k1() {
    library = fr.acinq.secp256k1.Secp256k1.get();
    byte[] one = new byte[32];
    one[31] = 1;
    library.pubkeyCreate(one);
  }

  @Override
  public byte[] publicKey(byte[] privateKey) {
    return library.pubkeyCreate(privateKey);
  }

  @Override
  public Signature sign(byte[] digest, byte[] privateKey) {
    byte[] compact = library.sign(digest, privateKey);
    byte[] even = recover(digest, compact, 0);
    boolean isEven = even != null && Arrays.equals(even, library.pubkeyCreate(privateKey));
    return Canonical.join(compact, isEven ? 0 : 1);
  }

  @Override
  public byte @Nullable [] recover(byte[] digest, Signature signature) {
    byte[] bytes = signature.bytes();
    if (!Canonical.isCanonical(bytes)) {
      return null;
    }
    return recover(digest, Arrays.copyOf(bytes, 64), Canonical.recoveryId(bytes));
  }

  private byte @Nullable [] recover(byte[] digest, byte[] compact, int recoveryId) {
    try {
      return library.ecdsaRecover(compact, digest, recoveryId);
    } catch (Secp256k1Exception noSuchPoint) {
      return null;
    }
  }
}
