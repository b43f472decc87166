package io.tollstream.gateway.payer;

import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Result;
import io.tollstream.channels.Wallet;
import java.util.concurrent.CompletionStage;

/**
 * The payer's account on whatever escrow a server names. It never takes a server's word for an
 * escrow: it looks at the chain first.
 */
interface Wallets extends AutoCloseable {
  /** The account that pays. */
  Address payer();

  /** A wallet on an escrow that was verified on chain, or the reason why there is none. */
  CompletionStage<Result<Wallet>> on(Escrow escrow);

  @Override
  void close();
}
