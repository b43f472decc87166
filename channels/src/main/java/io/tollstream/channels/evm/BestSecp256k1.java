package io.tollstream.channels.evm;

/** Chooses the implementation once, when the first signature is made or checked. */
final class BestSecp256k1 {
  static final Secp256k1 INSTANCE = choose();

  private BestSecp256k1() {}

  private static Secp256k1 choose() {
    try {
      return new NativeSecp256k1();
    } catch (RuntimeException | LinkageError noNativeLibraryHere) {
      return new BouncyCastleSecp256k1();
    }
  }
}
