package io.tollstream.channels;

/** A key that signs 32-byte digests, wherever it lives. Implementations never print it. */
public interface Signer {
  /** The account the signatures are of. */
  Address address();

  /**
   * Signs canonically: low s, v of 27 or 28.
   *
   * @param digest 32 bytes, already hashed
   */
  Signature sign(byte[] digest);
}
