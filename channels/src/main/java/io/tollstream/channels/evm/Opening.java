package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Funding;
import io.tollstream.channels.Hex;
import io.tollstream.channels.PaymentAction;
import java.math.BigInteger;

/**
 * The parameters that name a channel on an escrow (draft-evm-session-00, "Channel State").
 *
 * @param salt {@code 0x} and 64 digits
 * @param authorizedSigner zero for the payer
 */
record Opening(Address payer, Address payee, Address token, String salt, Address authorizedSigner) {

  static Opening of(PaymentAction.Open open, Address payee, Address token) {
    return new Opening(payer(open.funding()), payee, token, open.salt(), open.authorizedSigner());
  }

  static Address payer(Funding funding) {
    if (funding instanceof Funding.Broadcast broadcast) {
      return broadcast.source();
    }
    if (funding instanceof Funding.Eip3009 authorization) {
      return authorization.from();
    }
    return ((Funding.Permit2) funding).from();
  }

  ChannelId channelId(Escrow escrow) {
    return ChannelId.of(
        new Words(7)
            .put(payer)
            .put(payee)
            .put(token)
            .put(saltBytes())
            .put(authorizedSigner)
            .put(escrow.contract())
            .put(BigInteger.valueOf(escrow.chainId()))
            .hash());
  }

  /** The nonce that ties an EIP-3009 authorization to this channel ("Front-Running Protection"). */
  byte[] eip3009Nonce() {
    return new Words(5)
        .put(payer)
        .put(payee)
        .put(token)
        .put(saltBytes())
        .put(authorizedSigner)
        .hash();
  }

  byte[] saltBytes() {
    return Hex.decode(salt, 32);
  }
}
