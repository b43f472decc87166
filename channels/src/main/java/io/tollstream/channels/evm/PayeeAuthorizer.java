package io.tollstream.channels.evm;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Signature;
import io.tollstream.channels.Signer;
import io.tollstream.metering.Amount;
import java.math.BigInteger;

/** The payee's key where another key sends its transactions and pays for their gas. */
final class PayeeAuthorizer {
  private final Eip712 digests;
  private final Signer payee;

  PayeeAuthorizer(Eip712 digests, Signer payee) {
    this.digests = digests;
    this.payee = payee;
  }

  PayeeAuthorization settle(
      ChannelId channelId, Amount cumulative, BigInteger nonce, BigInteger deadline) {
    Signature signature = payee.sign(digests.settle(channelId, cumulative, nonce, deadline));
    return new PayeeAuthorization(nonce, deadline, signature);
  }

  PayeeAuthorization close(
      ChannelId channelId, Amount cumulative, BigInteger nonce, BigInteger deadline) {
    Signature signature = payee.sign(digests.close(channelId, cumulative, nonce, deadline));
    return new PayeeAuthorization(nonce, deadline, signature);
  }
}
