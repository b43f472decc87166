package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Chain.Quote;
import io.tollstream.channels.Chain.Redemption;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signer;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.evm.Reverts.Attempt;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.web3j.protocol.core.methods.response.TransactionReceipt;

/**
 * Redeems vouchers for the payee: its own key sends the transactions, or another that pays for
 * their gas, with the payee's leave for each ("Payee-initiated functions").
 */
final class Redemptions {
  private final Node node;
  private final EscrowCalls calls;
  private final EscrowEvents events;
  private final EscrowReader reader;
  private final Workers workers;
  private final OwnTransactions transactions;
  private final Address sender;
  private final @Nullable RelayedCalls relayed;

  /** Redemptions for {@code payee} that {@code sender} sends, which may be the same. */
  Redemptions(
      Node node,
      EvmEscrow escrow,
      EscrowReader reader,
      Workers workers,
      OwnTransactions transactions,
      Signer payee,
      Signer sender) {
    this.node = node;
    this.calls = new EscrowCalls(escrow.contract());
    this.events = new EscrowEvents(escrow.contract());
    this.reader = reader;
    this.workers = workers;
    this.transactions = transactions;
    this.sender = sender.address();
    boolean isOwn = payee.address().equals(sender.address());
    this.relayed = isOwn ? null : new RelayedCalls(node, calls, escrow, payee, new SecureRandom());
  }

  CompletionStage<Result<Redemption>> settle(Voucher voucher) {
    ChannelId id = voucher.channelId();
    return redeem("settle " + id.hex() + " " + voucher.cumulative(), id, seen -> voucher, false);
  }

  CompletionStage<Result<Redemption>> close(
      ChannelId id, Function<Channel, @Nullable Voucher> choice) {
    return redeem(Order.CLOSE + id.hex(), id, choice, true);
  }

  private CompletionStage<Result<Redemption>> redeem(
      String purpose, ChannelId id, Function<Channel, @Nullable Voucher> choice, boolean closes) {
    return Workers.then(
        workers.run(() -> reader.readNewest(id)),
        channel -> {
          Voucher voucher = choice.apply(channel);
          Amount cumulative = voucher == null ? Amount.ZERO : voucher.cumulative();
          return Workers.then(
              workers.run(() -> Result.ok(call(id, voucher, closes))),
              call ->
                  transactions.execute(
                      Order.of(call, purpose, new Attempt(id, cumulative, channel.deposit()))
                          .payingCoin(closes && channel.token().isZero())
                          .urgentIf(closes && channel.closeRequestedAt() > 0),
                      receipt -> redemption(id, receipt)));
        });
  }

  private Call call(ChannelId id, @Nullable Voucher voucher, boolean closes) throws RpcFailure {
    if (relayed != null) {
      return closes || voucher == null ? relayed.close(id, voucher) : relayed.settle(voucher);
    }
    if (voucher == null) {
      return calls.close(id);
    }
    return closes ? calls.close(voucher) : calls.settle(voucher);
  }

  private Result<Redemption> redemption(ChannelId id, TransactionReceipt receipt)
      throws RpcFailure {
    Optional<Channel> channel = reader.at(id, Receipts.block(receipt));
    return channel
        .map(after -> Result.ok(new Redemption(receipt.getTransactionHash(), after)))
        .orElseGet(() -> Result.refused(new Refusal.ChannelNotFound(id)));
  }

  /** The most that one call of {@link #settle(Address, List)} takes. */
  int batch() {
    return relayed == null ? EscrowCalls.MAX_BATCH : 1;
  }

  /** Settles in one transaction; refused while another batch of the token's is not mined. */
  CompletionStage<Result<List<Redemption>>> settle(Address token, List<Voucher> vouchers) {
    if (vouchers.size() > batch()) {
      throw new IllegalArgumentException("more than " + batch() + " vouchers: " + vouchers.size());
    }
    if (vouchers.size() == 1) {
      return settle(vouchers.get(0)).thenApply(one -> one.then(each -> Result.ok(List.of(each))));
    }
    Attempt attempt = new Attempt(vouchers.get(0).channelId(), Amount.ZERO, Amount.ZERO);
    return transactions.executeAlone(
        Order.of(calls.settleMany(token, vouchers), "settle many " + token.hex(), attempt),
        receipt -> Result.ok(settled(receipt)));
  }

  private List<Redemption> settled(TransactionReceipt receipt) throws RpcFailure {
    List<Redemption> settled = new ArrayList<>();
    for (ChannelId id : events.settled(receipt).keySet()) {
      if (redemption(id, receipt) instanceof Result.Ok<Redemption> ok) {
        settled.add(ok.value());
      }
    }
    return settled;
  }

  CompletionStage<Result<Quote>> quote(ChannelId id, @Nullable Voucher voucher, boolean closes) {
    return workers.run(
        () -> {
          try {
            BigInteger gas = node.estimateGas(sender, call(id, voucher, closes));
            return Result.ok(new Quote(gas.longValueExact(), new Amount(node.gasPrice())));
          } catch (RpcFailure failure) {
            Amount cumulative = voucher == null ? Amount.ZERO : voucher.cumulative();
            return Result.refused(
                Reverts.refusal(failure, new Attempt(id, cumulative, Amount.ZERO)));
          }
        });
  }
}
