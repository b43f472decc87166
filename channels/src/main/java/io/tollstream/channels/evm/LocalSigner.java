package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Signature;
import io.tollstream.channels.Signer;

/** A private key in this process's memory. It prints its address only. */
public final class LocalSigner implements Signer {
  private final Secp256k1 curve = Secp256k1.best();
  private final byte[] privateKey;
  private final Address address;

  private LocalSigner(byte[] privateKey) {
    this.privateKey = privateKey;
    this.address = Secp256k1.addressOf(curve.publicKey(privateKey));
  }

  /**
   * Copies a private key of 32 bytes.
   *
   * @throws IllegalArgumentException if they are no private key of the curve; says no more of them
   */
  public static LocalSigner of(byte[] privateKey) {
    if (!Secp256k1.best().isPrivateKey(privateKey)) {
      throw new IllegalArgumentException("not a private key of secp256k1");
    }
    return new LocalSigner(privateKey.clone());
  }

  @Override
  public Address address() {
    return address;
  }

  @Override
  public Signature sign(byte[] digest) {
    if (digest.length != 32) {
      throw new IllegalArgumentException("expected a digest of 32 bytes");
    }
    return curve.sign(digest, privateKey);
  }

  @Override
  public String toString() {
    return "LocalSigner[" + address + "]";
  }
}
