package io.tollstream.channels.evm;

import io.tollstream.channels.Signature;
import java.math.BigInteger;
import java.util.Arrays;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.signers.ECDSASigner;
import org.bouncycastle.crypto.signers.HMacDSAKCalculator;
import org.bouncycastle.math.ec.ECAlgorithms;
import org.bouncycastle.math.ec.ECPoint;
import org.bouncycastle.math.ec.FixedPointCombMultiplier;
import org.bouncycastle.util.BigIntegers;
import org.jspecify.annotations.Nullable;

/**
 * Bouncy Castle, where no native library loads. Secret scalars meet points only in the fixed-point
 * comb, which reads its whole table at every step.
 */
final class BouncyCastleSecp256k1 implements Secp256k1 {
  private static final X9ECParameters CURVE = CustomNamedCurves.getByName("secp256k1");
  private static final ECDomainParameters DOMAIN = new ECDomainParameters(CURVE);
  private static final BigInteger N = DOMAIN.getN();
  private static final BigInteger HALF_N = N.shiftRight(1);

  @Override
  public byte[] publicKey(byte[] privateKey) {
    return new FixedPointCombMultiplier()
        .multiply(DOMAIN.getG(), new BigInteger(1, privateKey))
        .getEncoded(false);
  }

  @Override
  public Signature sign(byte[] digest, byte[] privateKey) {
    ECDSASigner signer = new ECDSASigner(new HMacDSAKCalculator(new SHA256Digest()));
    signer.init(true, new ECPrivateKeyParameters(new BigInteger(1, privateKey), DOMAIN));
    BigInteger[] parts = signer.generateSignature(digest);
    BigInteger r = parts[0];
    BigInteger s = parts[1].compareTo(HALF_N) > 0 ? N.subtract(parts[1]) : parts[1];
    byte[] compact = new byte[64];
    System.arraycopy(BigIntegers.asUnsignedByteArray(32, r), 0, compact, 0, 32);
    System.arraycopy(BigIntegers.asUnsignedByteArray(32, s), 0, compact, 32, 32);
    byte[] even = recover(digest, r, s, 0);
    boolean isEven = even != null && Arrays.equals(even, publicKey(privateKey));
    return Canonical.join(compact, isEven ? 0 : 1);
  }

  @Override
  public byte @Nullable [] recover(byte[] digest, Signature signature) {
    byte[] bytes = signature.bytes();
    if (!Canonical.isCanonical(bytes)) {
      return null;
    }
    BigInteger r = new BigInteger(1, bytes, 0, 32);
    BigInteger s = new BigInteger(1, bytes, 32, 32);
    return recover(digest, r, s, Canonical.recoveryId(bytes));
  }

  /** Q = r^-1 (sR - zG): SEC 1, section 4.1.6. */
  private static byte @Nullable [] recover(byte[] digest, BigInteger r, BigInteger s, int parity) {
    ECPoint nonce = point(r, parity);
    if (nonce == null) {
      return null;
    }
    BigInteger inverse = BigIntegers.modOddInverseVar(N, r);
    BigInteger z = new BigInteger(1, digest);
    BigInteger u1 = z.negate().multiply(inverse).mod(N);
    BigInteger u2 = s.multiply(inverse).mod(N);
    ECPoint key = ECAlgorithms.sumOfTwoMultiplies(DOMAIN.getG(), u1, nonce, u2);
    return key.isInfinity() ? null : key.getEncoded(false);
  }

  private static @Nullable ECPoint point(BigInteger x, int parity) {
    byte[] compressed = new byte[33];
    compressed[0] = (byte) (2 + parity);
    System.arraycopy(BigIntegers.asUnsignedByteArray(32, x), 0, compressed, 1, 32);
    try {
      return DOMAIN.getCurve().decodePoint(compressed);
    } catch (IllegalArgumentException notOnTheCurve) {
      return null;
    }
  }
}
