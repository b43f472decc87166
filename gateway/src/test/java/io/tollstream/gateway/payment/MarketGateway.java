package io.tollstream.gateway.payment;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Result;
import io.tollstream.channels.SettlementPolicy;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Terms;
import io.tollstream.channels.evm.EvmChain;
import io.tollstream.channels.evm.EvmEscrow;
import io.tollstream.channels.evm.EvmSession;
import io.tollstream.channels.evm.LocalSigner;
import io.tollstream.channels.ledger.SqliteLedger;
import io.tollstream.channels.ledger.SqliteLedger.Settings;
import io.tollstream.gateway.TestGateway;
import io.tollstream.metering.Amount;
import io.tollstream.metering.MeterPolicy;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A gateway's payments on a real chain and a real ledger, from one start to its end. */
final class MarketGateway implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 60;

  final Tabs tabs;
  final ChannelWatch watch;
  private final Vertx vertx;
  private final SqliteLedger ledger;
  private final EvmChain chain;
  private final Payments payments;
  private final Settler settler;
  private final List<Offer> offers = new ArrayList<>();

  MarketGateway(Vertx vertx, Path home, EvmEscrow escrow, LocalSigner payee, List<Terms> terms) {
    this.vertx = vertx;
    ledger = SqliteLedger.open(home, Settings.DEFAULT);
    chain = new EvmChain(escrow, payee, payee, () -> ledger);
    tabs = new Tabs(ledger, InstantSource.system());
    payments = new Payments(tabs, new Deposits());
    EvmSession protocol = new EvmSession(escrow.domainName(), chain, false);
    terms.forEach(each -> offers.add(offer(each, protocol)));
    watch = new ChannelWatch(tabs, payments, List.of(chain));
    settler =
        new Settler(
            tabs,
            payments,
            chain,
            SettlementPolicy.DEFAULT.atOnce(),
            false,
            InstantSource.system());
  }

  private static Offer offer(Terms terms, EvmSession protocol) {
    return new Offer(
        "market",
        TestGateway.PER_BYTE,
        MeterPolicy.BYTES,
        terms,
        protocol,
        "e30",
        Amount.ZERO,
        List.of("hash"),
        Amount.ZERO,
        4);
  }

  private Offer offer(Terms terms) {
    return offers.stream().filter(each -> each.terms().equals(terms)).findFirst().orElseThrow();
  }

  Result<Payments.Paid> take(Terms terms, PaymentAction action) {
    return await(payments.take(offer(terms), action));
  }

  /** A stream of the channel's; null where it may have none. */
  @Nullable MarketStream begin(Terms terms, ChannelId id, int percent) {
    Offer offer = offer(terms);
    Tab tab = await(tabs.find(id)).orElseThrow();
    Receipts receipts = new Receipts(offer, "x", InstantSource.system());
    Credit credit = new Credit(tabs, offer, tab, receipts, vertx.getOrCreateContext());
    return tabs.join(credit, offer.maxStreams()) ? new MarketStream(credit, percent) : null;
  }

  /** How many transactions could still be taken back. */
  int pendingTransactions() {
    return ledger.notes().list("tx/").toCompletableFuture().join().size();
  }

  /** Looks at every channel, and waits for what it sends. */
  void watchRound() {
    await(watch.round());
    awaitCloses();
  }

  void settleRound() {
    await(settler.round());
    awaitCloses();
  }

  /** What the operator does where the gas of a coin's channel is worth more than what is owed. */
  void settle(ChannelId id) {
    await(tabs.find(id)).ifPresent(tab -> await(settler.settle(tab, false)));
  }

  private void awaitCloses() {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!payments.closing().isEmpty()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("a close does not end");
      }
      Thread.onSpinWait();
    }
  }

  static <T> T await(Future<T> future) {
    return future
        .toCompletionStage()
        .toCompletableFuture()
        .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
        .join();
  }

  @Override
  public void close() {
    chain.close();
    tabs.close();
    ledger.close();
  }
}
