package io.tollstream.channels.evm;

import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signer;
import io.tollstream.channels.evm.Reverts.Attempt;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.web3j.protocol.core.methods.response.TransactionReceipt;

/**
 * Transactions of ours, from the call to its receipt. Sending has a thread of its own: it keeps the
 * account's transactions in order, and a slow one does not hold up who only reads.
 */
final class OwnTransactions implements AutoCloseable {
  /** What is made of the receipt of a transaction that took effect. */
  @FunctionalInterface
  interface Outcome<T> {
    Result<T> of(TransactionReceipt receipt) throws RpcFailure;
  }

  private final EvmNetwork network;
  private final Node node;
  private final Workers workers;
  private final Workers sender = new Workers("tollstream-sender", 1);
  private final Transactor transactor;

  OwnTransactions(EvmNetwork network, Node node, Workers workers, Signer signer) {
    this.network = network;
    this.node = node;
    this.workers = workers;
    this.transactor = new Transactor(node, signer, network.chainId());
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
    return Workers.then(
        sender.run(() -> send(call, attempt)),
        hash -> {
          sent.accept(hash);
          return await(hash, call, attempt, outcome);
        });
  }

  private Result<String> send(Call call, Attempt attempt) {
    try {
      return Result.ok(transactor.send(call));
    } catch (RpcFailure failure) {
      return Result.refused(Reverts.refusal(failure, attempt));
    }
  }

  private <T> CompletionStage<Result<T>> await(
      String hash, Call call, Attempt attempt, Outcome<T> outcome) {
    return workers.poll(
        network,
        () -> {
          Optional<TransactionReceipt> receipt = node.receipt(hash);
          return receipt.isEmpty() ? null : look(receipt.get(), call, attempt, outcome);
        },
        () -> {
          transactor.forgetNonce();
          return new Refusal.TransactionPending(hash);
        });
  }

  private <T> @Nullable Result<T> look(
      TransactionReceipt receipt, Call call, Attempt attempt, Outcome<T> outcome)
      throws RpcFailure {
    return Receipts.succeeded(receipt)
        ? outcome.of(receipt)
        : Result.refused(reason(receipt, call, attempt));
  }

  /** Runs the call again where it failed; it may not fail again, and then no reason is known. */
  private Refusal reason(TransactionReceipt receipt, Call call, Attempt attempt) {
    try {
      node.simulate(transactor.sender(), call, Receipts.block(receipt));
    } catch (RpcFailure failure) {
      if (failure.isRevert()) {
        return Reverts.refusal(failure, attempt);
      }
    }
    return new Refusal.TransactionReverted("reverted");
  }

  @Override
  public void close() {
    sender.close();
  }
}
