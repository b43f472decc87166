package io.tollstream.channels;

import io.tollstream.metering.Amount;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One escrow on its chain, as the payee sees and uses it. Every stage completes with a {@link
 * Refusal} for whatever a chain can do to a caller; it fails only for bugs. Reads are at the
 * finality the chain was configured with; nothing a payer claims is taken for a fact.
 */
public interface Chain extends AutoCloseable {

  /** A transaction of ours that was mined and took effect, and the channel after it. */
  record Redemption(String transactionHash, Channel channel) {}

  Escrow escrow();

  /** The channel's present state; {@link Refusal.ChannelNotFound} where there is none. */
  CompletionStage<Result<Channel>> read(ChannelId channelId);

  /**
   * Waits, bounded, for a broadcast open to be final, and checks that it created the channel on
   * this escrow: receipt status, the escrow's own event, then the channel's state.
   */
  CompletionStage<Result<Channel>> awaitOpen(String transactionHash, ChannelId channelId);

  /** As {@link #awaitOpen}, for a top-up that added exactly {@code additional}. */
  CompletionStage<Result<Channel>> awaitTopUp(
      String transactionHash, ChannelId channelId, Amount additional);

  /**
   * Simulates, submits and awaits a deposit that the payer has authorized off-chain; the gas is
   * ours.
   *
   * @param payee who is to be paid by a channel that it opens
   * @param token the channel's token
   */
  CompletionStage<Result<Channel>> submit(
      PaymentAction.Deposit deposit, Address payee, Address token);

  /** Redeems a voucher and leaves the channel open. */
  CompletionStage<Result<Redemption>> settle(Voucher voucher);

  /** Closes the channel with a voucher, or without one where nothing more is to be redeemed. */
  CompletionStage<Result<Redemption>> close(ChannelId channelId, @Nullable Voucher voucher);

  /** Asks a contract wallet (ERC-1271); false where the address is none. */
  CompletionStage<Result<Boolean>> isValidSignature(
      Address wallet, byte[] digest, Signature signature);

  /** The number of the newest block: proof that the chain can be asked. */
  CompletionStage<Result<Long>> head();

  @Override
  void close();
}
