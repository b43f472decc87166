package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Funding;
import io.tollstream.channels.Hex;
import io.tollstream.metering.Amount;

/** What a payer signs so that the escrow may pull an EIP-3009 token, and the nonce it must use. */
final class Eip3009 {
  private static final byte[] RECEIVE =
      Keccak.hash(
          "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,"
              + "uint256 validBefore,bytes32 nonce)");

  private Eip3009() {}

  /**
   * The digest of an authorization, whose signature does not count.
   *
   * @param tokenDomain the separator of the token's own domain
   */
  static byte[] digest(byte[] tokenDomain, Funding.Eip3009 authorization) {
    byte[] struct =
        new Words(7)
            .put(RECEIVE)
            .put(authorization.from())
            .put(authorization.to())
            .put(authorization.value())
            .put(authorization.validAfter())
            .put(authorization.validBefore())
            .put(Hex.decode(authorization.nonce(), 32))
            .hash();
    return Eip712.digest(tokenDomain, struct);
  }

  /** The nonce that ties an authorization to one top-up ("Front-Running Protection"). */
  static byte[] topUpNonce(ChannelId channelId, Amount additional, Address from, String salt) {
    return new Words(4)
        .put(channelId.bytes())
        .put(additional)
        .put(from)
        .put(Hex.decode(salt, 32))
        .hash();
  }
}
