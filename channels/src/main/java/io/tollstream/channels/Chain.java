package io.tollstream.channels;

import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One escrow on its chain, as the payee sees and uses it. Every stage completes with a {@link
 * Refusal} for whatever a chain can do to a caller; it fails only for bugs. Reads are at the
 * finality the chain was configured with; nothing a payer claims is taken for a fact.
 */
public interface Chain extends AutoCloseable {

  /** A transaction of ours that was mined and took effect, and the channel after it. */
  record Redemption(String transactionHash, Channel channel) {}

  /**
   * What a transaction would cost now.
   *
   * @param gas units of gas
   * @param gasPrice base units of the chain's coin for each
   */
  record Quote(long gas, Amount gasPrice) {
    /** In base units of the chain's coin. */
    public Amount cost() {
      return new Amount(gasPrice.baseUnits().multiply(BigInteger.valueOf(gas)));
    }
  }

  /**
   * Who hears which channels something has happened to. What it is told is a hint where to look,
   * and no more: what a channel is, {@link Chain#read} says.
   *
   * <p>Told one after the other, on a thread that it must not block. Where a stage fails, or takes
   * too long, the same is told again later.
   */
  interface Follower {
    /** Something happened to these channels, was taken back, or became final. */
    CompletionStage<Void> touched(Set<ChannelId> channels);

    /** Anything may have happened to any channel. */
    CompletionStage<Void> missed();
  }

  /** A chain that is being followed, until this is closed. */
  interface Following extends AutoCloseable {
    Progress progress();

    @Override
    void close();
  }

  /**
   * How far a chain has been followed.
   *
   * @param head the number of the newest block known
   * @param behind how many blocks up to it have not been dealt with
   * @param sinceGood the time since the chain was last asked with success, or since the start
   */
  record Progress(long head, long behind, Duration sinceGood) {}

  Escrow escrow();

  /**
   * Has somebody hear from now on of what happens, and of what has happened since the last time.
   */
  Following follow(Follower follower);

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

  /** The most vouchers that {@link #settle(Address, List)} takes; 1 where batches do not pay. */
  int batch();

  /**
   * Redeems vouchers of several channels of one token together, and leaves the channels open. What
   * could not be redeemed is missing in the answer, and may be asked for again.
   *
   * @param vouchers at least one, {@link #batch} at most, none signed by a contract
   */
  CompletionStage<Result<List<Redemption>>> settle(Address token, List<Voucher> vouchers);

  /** What {@link #settle(Voucher)} would cost, or why it would fail. */
  CompletionStage<Result<Quote>> quoteSettle(Voucher voucher);

  /** What {@link #close} would cost, or why it would fail. */
  CompletionStage<Result<Quote>> quoteClose(ChannelId channelId, @Nullable Voucher voucher);

  /** Whether there is code at an address, so that it signs by ERC-1271. */
  CompletionStage<Result<Boolean>> isContract(Address address);

  /**
   * Closes the channel.
   *
   * @param choice of the voucher, by the channel as the newest block knows it; null where nothing
   *     more is to be redeemed
   */
  CompletionStage<Result<Redemption>> closeWith(
      ChannelId channelId, Function<Channel, @Nullable Voucher> choice);

  /** Closes the channel with a voucher, or without one where nothing more is to be redeemed. */
  default CompletionStage<Result<Redemption>> close(
      ChannelId channelId, @Nullable Voucher voucher) {
    return closeWith(channelId, seen -> voucher);
  }

  /** Asks a contract wallet (ERC-1271); false where the address is none. */
  CompletionStage<Result<Boolean>> isValidSignature(
      Address wallet, byte[] digest, Signature signature);

  /** The number of the newest block: proof that the chain can be asked. */
  CompletionStage<Result<Long>> head();

  @Override
  void close();
}
