package io.tollstream.channels.evm;

import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.web3j.protocol.core.methods.response.TransactionReceipt;

/** A transaction that an outbox looks after. Changed by the outbox's thread alone. */
final class Pending {
  private volatile Outgoing outgoing;
  private volatile CompletableFuture<Result<TransactionReceipt>> mined = new CompletableFuture<>();
  private final CompletableFuture<Boolean> over = new CompletableFuture<>();
  private long waitingNanos = System.nanoTime();
  private long beyondNanos;
  private boolean beyond;
  private boolean stranded;
  private boolean urgent;
  private long looked;
  private boolean warned;

  Pending(Outgoing outgoing) {
    this.outgoing = outgoing;
  }

  Outgoing outgoing() {
    return outgoing;
  }

  /**
   * The receipt, once there is one, whatever it says; a refusal where none can come, or in time.
   */
  CompletionStage<Result<TransactionReceipt>> receipt(Duration limit) {
    CompletableFuture<Result<TransactionReceipt>> answer = new CompletableFuture<>();
    var unused = mined.thenAccept(answer::complete);
    CompletableFuture.delayedExecutor(limit.toMillis(), TimeUnit.MILLISECONDS, Runnable::run)
        .execute(
            () -> answer.complete(Result.refused(new Refusal.TransactionPending(outgoing.hash()))));
    return answer;
  }

  /** Tells the first receipt, whatever it says. */
  void whenMined(Consumer<TransactionReceipt> told) {
    var unused =
        mined.thenAccept(
            result -> {
              if (result instanceof Result.Ok<TransactionReceipt> ok) {
                told.accept(ok.value());
              }
            });
  }

  /** Tells when it takes up none of the account's places any more. */
  void whenOver(Runnable told) {
    var unused = over.thenRun(told);
  }

  void over() {
    over.complete(true);
  }

  boolean isMined() {
    return mined.isDone();
  }

  /** Whether it was mined, and changed nothing. */
  boolean hasFailed() {
    return mined.isDone()
        && mined.join() instanceof Result.Ok<TransactionReceipt> ok
        && Receipts.hasFailed(ok.value());
  }

  void replaced(Outgoing next) {
    outgoing = next;
    waitsFromNow();
  }

  void mined(TransactionReceipt receipt) {
    isNotBeyond();
    mined.complete(Result.ok(receipt));
  }

  void refuse(String why) {
    mined.complete(Result.refused(new Refusal.Unavailable(why)));
  }

  /** There is no receipt; whether there had been one, which the chain has taken back. */
  boolean unmined() {
    boolean was = mined.isDone();
    if (was) {
      mined = new CompletableFuture<>();
    }
    return was;
  }

  void waitsFromNow() {
    waitingNanos = System.nanoTime();
  }

  boolean hasWaited(Duration time) {
    return System.nanoTime() - waitingNanos >= time.toNanos();
  }

  /** The chain has come past its nonce without a receipt; whether for so long already. */
  boolean isBeyondFor(Duration time) {
    if (!beyond) {
      beyond = true;
      beyondNanos = System.nanoTime();
    }
    return System.nanoTime() - beyondNanos >= time.toNanos();
  }

  void isNotBeyond() {
    beyond = false;
    stranded = false;
  }

  /** Something else has taken its nonce, unless the chain takes that back. */
  void strand() {
    stranded = true;
  }

  boolean isStranded() {
    return stranded;
  }

  /** It, and what is before it, may cost more than others. */
  Pending urgentIf(boolean hurries) {
    urgent |= hurries;
    return this;
  }

  boolean isUrgent() {
    return urgent;
  }

  /** The number of the last look at it; 0 before the first. */
  long looked() {
    return looked;
  }

  void looked(long number) {
    looked = number;
  }

  /** Whether this is the first time. */
  boolean warnOnce() {
    boolean first = !warned;
    warned = true;
    return first;
  }
}
