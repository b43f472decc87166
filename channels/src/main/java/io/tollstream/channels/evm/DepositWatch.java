package io.tollstream.channels.evm;

import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.metering.Amount;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.web3j.protocol.core.methods.response.TransactionReceipt;

/**
 * Looks for the effect that a transaction is claimed to have (draft-evm-session-00, "Open
 * Verification", "TopUp Verification"). What is wrong with it is said at the first look; what is
 * right about it only once it is final.
 */
final class DepositWatch {
  /** How long a transaction may take from its sender's node to ours. */
  private static final long UNKNOWN_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final Node node;
  private final EscrowReader reader;
  private final EscrowEvents events;

  DepositWatch(Node node, EscrowReader reader, EscrowEvents events) {
    this.node = node;
    this.reader = reader;
    this.events = events;
  }

  /**
   * Waits only for what somebody has heard of: a transaction that no node knows after a moment is
   * pending to whoever claims it, and ties nothing up.
   */
  Workers.Look<Channel> unlessUnknown(String transactionHash, Workers.Look<Channel> look) {
    long startNanos = System.nanoTime();
    return () -> {
      Result<Channel> seen = look.look();
      boolean patient = seen != null || System.nanoTime() - startNanos < UNKNOWN_NANOS;
      return patient || node.knows(transactionHash)
          ? seen
          : Result.refused(new Refusal.TransactionPending(transactionHash));
    };
  }

  /** The channel once it is final, by whichever transaction it came to be; null for not yet. */
  @Nullable Result<Channel> lookForChannel(ChannelId channelId) throws RpcFailure {
    Result<Channel> read = reader.readOnceCounted(channelId, 0);
    return read instanceof Result.Ok<Channel> ? read : null;
  }

  /** The channel that the transaction opened; null for not yet. */
  @Nullable Result<Channel> lookForOpen(String transactionHash, ChannelId channelId)
      throws RpcFailure {
    Optional<TransactionReceipt> receipt = node.receipt(transactionHash);
    if (receipt.isEmpty()) {
      return null;
    }
    if (!Receipts.succeeded(receipt.get())) {
      return reverted();
    }
    List<ChannelId> opened = events.opened(receipt.get());
    if (!opened.contains(channelId)) {
      String actual = opened.isEmpty() ? "none on this escrow" : opened.get(0).hex();
      return mismatch("channelId", channelId.hex(), actual);
    }
    return reader.readOnceCounted(channelId, Receipts.block(receipt.get()));
  }

  /** The channel that the transaction added to; null for not yet. */
  @Nullable Result<Channel> lookForTopUp(
      String transactionHash, ChannelId channelId, Amount additional) throws RpcFailure {
    Optional<TransactionReceipt> receipt = node.receipt(transactionHash);
    if (receipt.isEmpty()) {
      return null;
    }
    if (!Receipts.succeeded(receipt.get())) {
      return reverted();
    }
    Amount actual = events.toppedUp(receipt.get(), channelId);
    if (!actual.equals(additional)) {
      return mismatch("additionalDeposit", additional.toString(), actual.toString());
    }
    return reader.readOnceCounted(channelId, Receipts.block(receipt.get()));
  }

  private static Result<Channel> reverted() {
    return Result.refused(new Refusal.TransactionReverted("reverted"));
  }

  private static Result<Channel> mismatch(String field, String expected, String actual) {
    return Result.refused(new Refusal.ChannelMismatch(field, expected, actual));
  }
}
