package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Chain;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signature;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Amount;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A chain that answers for contract wallets as it is told, and nothing else. */
final class FakeChain implements Chain {
  private final Escrow escrow;
  Result<Boolean> walletAnswer = Result.ok(false);
  int walletsAsked;

  FakeChain(Escrow escrow) {
    this.escrow = escrow;
  }

  @Override
  public Escrow escrow() {
    return escrow;
  }

  @Override
  public Following follow(Follower follower) {
    throw new UnsupportedOperationException("nothing happens here");
  }

  @Override
  public CompletionStage<Result<Boolean>> isValidSignature(
      Address wallet, byte[] digest, Signature signature) {
    walletsAsked++;
    return CompletableFuture.completedStage(walletAnswer);
  }

  @Override
  public CompletionStage<Result<Channel>> read(ChannelId channelId) {
    return nothing();
  }

  @Override
  public CompletionStage<Result<Channel>> awaitOpen(String transactionHash, ChannelId channelId) {
    return nothing();
  }

  @Override
  public CompletionStage<Result<Channel>> awaitTopUp(
      String transactionHash, ChannelId channelId, Amount additional) {
    return nothing();
  }

  @Override
  public CompletionStage<Result<Channel>> submit(
      PaymentAction.Deposit deposit, Address payee, Address token) {
    return nothing();
  }

  @Override
  public CompletionStage<Result<Redemption>> settle(Voucher voucher) {
    return nothing();
  }

  @Override
  public CompletionStage<Result<Redemption>> closeWith(
      ChannelId channelId, Function<Channel, @Nullable Voucher> choice) {
    return nothing();
  }

  @Override
  public int batch() {
    return 1;
  }

  @Override
  public CompletionStage<Result<List<Redemption>>> settle(Address token, List<Voucher> vouchers) {
    return nothing();
  }

  @Override
  public CompletionStage<Result<Quote>> quoteSettle(Voucher voucher) {
    return nothing();
  }

  @Override
  public CompletionStage<Result<Quote>> quoteClose(ChannelId channelId, @Nullable Voucher voucher) {
    return nothing();
  }

  @Override
  public CompletionStage<Result<Boolean>> isContract(Address address) {
    return nothing();
  }

  @Override
  public CompletionStage<Result<Long>> head() {
    return nothing();
  }

  @Override
  public void close() {}

  private static <T> CompletionStage<Result<T>> nothing() {
    return CompletableFuture.completedStage(Result.refused(new Refusal.Unavailable("fake")));
  }
}
