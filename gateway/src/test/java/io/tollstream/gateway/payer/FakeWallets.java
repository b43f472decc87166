package io.tollstream.gateway.payer;

import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Wallet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Knows one escrow, as a chain with a single deployment would. */
record FakeWallets(FakeWallet wallet) implements Wallets {
  @Override
  public Address payer() {
    return wallet.address();
  }

  @Override
  public CompletionStage<Result<Wallet>> on(Escrow escrow) {
    return CompletableFuture.completedStage(
        escrow.equals(wallet.escrow())
            ? Result.ok(wallet)
            : Result.refused(new Refusal.ChannelMismatch("escrowContract", "ours", "another")));
  }

  @Override
  public void close() {}
}
