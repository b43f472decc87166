package io.tollstream.channels;

import io.tollstream.metering.Amount;
import java.math.BigInteger;

/**
 * How a deposit reaches the escrow (draft-evm-session-00, "Open Payload", "TopUp Payload"): by a
 * transaction the payer has broadcast, or by an authorization that the gateway submits.
 */
public sealed interface Funding {

  /** {@code type="hash"}: the payer's own transaction, {@code 0x} and 64 lowercase digits. */
  record Broadcast(String transactionHash, Address source) implements Funding {}

  /** {@code type="authorization"}: EIP-3009 {@code receiveWithAuthorization}. */
  record Eip3009(
      Address from,
      Address to,
      Amount value,
      BigInteger validAfter,
      BigInteger validBefore,
      String nonce,
      Signature signature)
      implements Funding {}

  /** {@code type="permit2"}: {@code permitWitnessTransferFrom} with the channel as the witness. */
  record Permit2(
      Address from,
      Address token,
      Amount amount,
      BigInteger nonce,
      BigInteger deadline,
      Signature signature)
      implements Funding {}
}
