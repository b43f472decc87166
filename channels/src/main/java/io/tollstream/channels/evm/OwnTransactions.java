package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signer;
import io.tollstream.channels.evm.Reverts.Attempt;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.web3j.protocol.core.methods.response.TransactionReceipt;

/** Transactions of ours, from the call to what is made of its receipt. */
final class OwnTransactions implements AutoCloseable {
  /** What nobody else can want. */
  private static final String NO_PURPOSE = "";

  /** What is made of the receipt of a transaction that took effect. */
  @FunctionalInterface
  interface Outcome<T> {
    Result<T> of(TransactionReceipt receipt) throws RpcFailure;
  }

  private final EvmNetwork network;
  private final Node node;
  private final Workers workers;
  private final Address sender;
  private final Outbox outbox;
  private final Semaphore waits = new Semaphore(Workers.MAX_WAITS);

  /** Transactions that are forgotten with the process. */
  OwnTransactions(EvmNetwork network, Node node, Workers workers, Signer signer) {
    this(network, node, workers, signer, Finality.confirmations(1), Journal.Store.inMemory());
  }

  /**
   * Transactions that outlast the process where the store does; those that are in it are taken care
   * of from now on.
   */
  OwnTransactions(
      EvmNetwork network,
      Node node,
      Workers workers,
      Signer signer,
      Finality finality,
      Journal.Store store) {
    this.network = network;
    this.node = node;
    this.workers = workers;
    this.sender = signer.address();
    this.outbox =
        new Outbox(
            node,
            new SignedTransactions(node, signer, network),
            new Journal(store, network.chainId(), sender),
            new Tending.Rules(network, finality, InstantSource.system()));
  }

  /** Sends a call and, once it is mined, makes something of it. */
  <T> CompletionStage<Result<T>> execute(Call call, Attempt attempt, Outcome<T> outcome) {
    return execute(call, attempt, hash -> {}, outcome);
  }

  /**
   * As {@link #execute(Call, Attempt, Outcome)}.
   *
   * @param sent is told the transaction's hash once it may have left
   */
  <T> CompletionStage<Result<T>> execute(
      Call call, Attempt attempt, Consumer<String> sent, Outcome<T> outcome) {
    return execute(
        Order.of(call, NO_PURPOSE, attempt),
        outcome,
        pending -> sent.accept(pending.outgoing().hash()));
  }

  /**
   * As {@link #execute(Call, Attempt, Outcome)}, unless a transaction for the same purpose is
   * pending: then something is made of that.
   */
  <T> CompletionStage<Result<T>> execute(Order order, Outcome<T> outcome) {
    return execute(order, outcome, pending -> {});
  }

  /**
   * As {@link #execute(Order, Outcome)}.
   *
   * @param sent is told what may have left, or is joined
   */
  <T> CompletionStage<Result<T>> execute(Order order, Outcome<T> outcome, Consumer<Pending> sent) {
    return Workers.then(
        outbox.submit(order),
        pending -> {
          sent.accept(pending);
          return await(pending, order, outcome);
        });
  }

  /** As {@link #execute(Order, Outcome)}, never beside another one of its kind, the purpose. */
  <T> CompletionStage<Result<T>> executeAlone(Order order, Outcome<T> outcome) {
    return Workers.then(outbox.submitAlone(order), pending -> await(pending, order, outcome));
  }

  private <T> CompletionStage<Result<T>> await(Pending pending, Order order, Outcome<T> outcome) {
    if (!waits.tryAcquire()) {
      return CompletableFuture.completedStage(
          Result.refused(new Refusal.Unavailable("too many transactions are being waited for")));
    }
    return Workers.then(
        pending
            .receipt(network.transactionTimeout())
            .whenComplete((receipt, failure) -> waits.release()),
        receipt -> workers.run(() -> look(receipt, order, outcome)));
  }

  private <T> Result<T> look(TransactionReceipt receipt, Order order, Outcome<T> outcome)
      throws RpcFailure {
    return Receipts.succeeded(receipt)
        ? outcome.of(receipt)
        : Result.refused(reason(receipt, order));
  }

  /** Runs the call again where it failed; it may not fail again, and then no reason is known. */
  private Refusal reason(TransactionReceipt receipt, Order order) {
    try {
      node.simulate(sender, order.call(), Receipts.block(receipt));
    } catch (RpcFailure failure) {
      if (failure.isRevert()) {
        return Reverts.refusal(failure, order.attempt());
      }
    }
    return new Refusal.TransactionReverted("reverted");
  }

  @Override
  public void close() {
    outbox.close();
  }
}
