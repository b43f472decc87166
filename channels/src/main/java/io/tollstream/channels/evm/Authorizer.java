package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Funding;
import io.tollstream.channels.Hex;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signature;
import io.tollstream.channels.Signer;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Optional;

/** Signs EIP-3009 authorizations that only this escrow can use. */
final class Authorizer {
  private static final Signature UNSIGNED = Signature.of(new byte[Signature.LENGTH]);

  private final Node node;
  private final Escrow escrow;
  private final Signer signer;
  private final TokenDomains domains;

  Authorizer(Node node, Escrow escrow, Signer signer) {
    this.node = node;
    this.escrow = escrow;
    this.signer = signer;
    this.domains = new TokenDomains(node, escrow.chainId());
  }

  /**
   * Authorizes the escrow to pull an amount.
   *
   * @param nonce derived from what the amount is for
   */
  Result<Funding> authorize(Address token, Amount amount, byte[] nonce, long lifetimeSeconds)
      throws RpcFailure {
    Optional<byte[]> domain = token.isZero() ? Optional.empty() : domains.separator(token);
    if (domain.isEmpty()) {
      return Result.refused(new Refusal.Malformed("currency", "a token that supports EIP-3009"));
    }
    long now = Math.max(node.latest().timestamp(), Instant.now().getEpochSecond());
    Funding.Eip3009 unsigned =
        new Funding.Eip3009(
            signer.address(),
            escrow.contract(),
            amount,
            BigInteger.ZERO,
            BigInteger.valueOf(Math.addExact(now, lifetimeSeconds)),
            Hex.encode(nonce),
            UNSIGNED);
    return Result.ok(signed(unsigned, signer.sign(Eip3009.digest(domain.get(), unsigned))));
  }

  private static Funding signed(Funding.Eip3009 unsigned, Signature signature) {
    return new Funding.Eip3009(
        unsigned.from(),
        unsigned.to(),
        unsigned.value(),
        unsigned.validAfter(),
        unsigned.validBefore(),
        unsigned.nonce(),
        signature);
  }
}
