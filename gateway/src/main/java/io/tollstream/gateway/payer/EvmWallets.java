package io.tollstream.gateway.payer;

import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signer;
import io.tollstream.channels.Wallet;
import io.tollstream.channels.evm.EvmEscrow;
import io.tollstream.channels.evm.EvmNetwork;
import io.tollstream.channels.evm.EvmWallet;
import io.tollstream.channels.evm.Finality;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Wallets over JSON-RPC, one for each escrow in use. An escrow that the payer's owner names may be
 * any that follows the draft; of others, the code must be this project's.
 */
final class EvmWallets implements Wallets {
  private static final int MAX_ESCROWS = 16;

  private final List<URI> rpc;
  private final Signer signer;
  private final Set<Address> trusted;
  private final Map<Escrow, EvmWallet> wallets = new HashMap<>();
  private final Map<Escrow, CompletionStage<Result<Wallet>>> verified = new HashMap<>();

  /**
   * Connects to nothing yet.
   *
   * @param trusted the escrows that the owner names
   */
  EvmWallets(List<URI> rpc, Signer signer, Set<Address> trusted) {
    this.rpc = List.copyOf(rpc);
    this.signer = signer;
    this.trusted = Set.copyOf(trusted);
  }

  @Override
  public Address payer() {
    return signer.address();
  }

  @Override
  public synchronized CompletionStage<Result<Wallet>> on(Escrow escrow) {
    CompletionStage<Result<Wallet>> known = verified.get(escrow);
    if (known != null) {
      return known;
    }
    if (!wallets.containsKey(escrow) && wallets.size() >= MAX_ESCROWS) {
      return CompletableFuture.completedStage(
          Result.refused(new Refusal.Unavailable("one more escrow beside " + MAX_ESCROWS)));
    }
    EvmWallet wallet = wallets.computeIfAbsent(escrow, this::wallet);
    CompletionStage<Result<Wallet>> checked =
        (trusted.contains(escrow.contract()) ? wallet.probe() : wallet.verify())
            .thenApply(found -> found.then(ours -> Result.ok(wallet)));
    verified.put(escrow, checked);
    checked.whenComplete((result, failure) -> forgetUnless(escrow, result));
    return checked;
  }

  /** What could not be verified is looked at again the next time. */
  private synchronized void forgetUnless(Escrow escrow, Result<Wallet> result) {
    if (!(result instanceof Result.Ok<Wallet>)) {
      verified.remove(escrow);
    }
  }

  private EvmWallet wallet(Escrow escrow) {
    return new EvmWallet(
        new EvmEscrow(
            EvmNetwork.of(rpc, escrow.chainId()),
            escrow.contract(),
            EvmEscrow.DEFAULT_DOMAIN_NAME,
            Finality.confirmations(1)),
        signer);
  }

  @Override
  public synchronized void close() {
    wallets.values().forEach(EvmWallet::close);
  }
}
