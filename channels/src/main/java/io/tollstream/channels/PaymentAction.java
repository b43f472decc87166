package io.tollstream.channels;

import io.tollstream.metering.Amount;
import org.jspecify.annotations.Nullable;

/**
 * What a credential asks for, parsed and free of contradictions in itself (draft-evm-session-00,
 * "Payload Actions"); nothing in it is verified against a chain or a signature yet.
 */
public sealed interface PaymentAction {
  ChannelId channelId();

  /** A payment that changes a channel's deposit. */
  sealed interface Deposit extends PaymentAction {
    Funding funding();
  }

  /**
   * Opens a channel.
   *
   * @param salt {@code 0x} and 64 lowercase digits
   * @param authorizedSigner zero for the payer
   * @param voucher the initial voucher, often of amount zero
   */
  record Open(
      ChannelId channelId, Funding funding, String salt, Address authorizedSigner, Voucher voucher)
      implements Deposit {}

  /**
   * Adds to a channel's deposit.
   *
   * @param salt {@code 0x} and 64 lowercase digits for EIP-3009, else null
   */
  record TopUp(ChannelId channelId, Funding funding, @Nullable String salt, Amount additional)
      implements Deposit {}

  /**
   * Raises what is authorized.
   *
   * @param deposit a deposit to make first, in the same breath, or null
   */
  record Pay(ChannelId channelId, Voucher voucher, @Nullable Deposit deposit)
      implements PaymentAction {}

  /** Asks for the channel to be closed. */
  record Close(ChannelId channelId, Voucher voucher) implements PaymentAction {}
}
