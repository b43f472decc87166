package io.tollstream.gateway.payment;

import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Reservation.Ask;
import io.tollstream.channels.Result;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Tab.Grant;
import io.tollstream.channels.Terms;
import io.tollstream.channels.evm.EvmSession;
import io.tollstream.gateway.FakeChain;
import io.tollstream.gateway.MemoryLedger;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestPayer;
import io.tollstream.metering.Amount;
import io.tollstream.metering.MeterPolicy;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.List;

/** Payments without HTTP: an offer, a payer, a chain and a ledger that can be held. */
final class Desk implements AutoCloseable {
  static final TestPayer PAYER = new TestPayer(7, TestGateway.ESCROW);

  final FakeChain chain = new FakeChain(TestGateway.ESCROW);
  final MemoryLedger ledger = new MemoryLedger();
  final Tabs tabs;
  final Payments payments;
  volatile Instant now = Instant.parse("2026-03-01T12:00:00Z");
  Amount credit = Amount.ZERO;
  Amount minDelta = Amount.ZERO;
  private final Vertx vertx = Vertx.vertx();
  private final EvmSession protocol = new EvmSession(TestPayer.DOMAIN, chain, false);

  Desk() {
    tabs = new Tabs(ledger, () -> now);
    payments = new Payments(tabs, new Deposits());
  }

  /** Over another ledger than the one in memory, which then stays empty. */
  Desk(Ledger other) {
    tabs = new Tabs(other, () -> now);
    payments = new Payments(tabs, new Deposits());
  }

  Offer offer() {
    return offer(TestGateway.TERMS);
  }

  Offer offer(Terms terms) {
    return new Offer(
        "film",
        TestGateway.PER_BYTE,
        MeterPolicy.BYTES,
        terms,
        protocol,
        "e30",
        minDelta,
        List.of("authorization", "hash"),
        credit,
        4);
  }

  /** Starts an action as a credential's payload asks for it. */
  Future<Result<Payments.Paid>> start(JsonObject payload) {
    return start(offer(), payload);
  }

  Future<Result<Payments.Paid>> start(Offer offer, JsonObject payload) {
    return start(PAYER, offer, payload);
  }

  private Future<Result<Payments.Paid>> start(TestPayer payer, Offer offer, JsonObject payload) {
    String source = "did:pkh:eip155:314:" + payer.address();
    Result<PaymentAction> action =
        protocol.parse(new JsonObject(payload.encode()).getMap(), source);
    return action instanceof Result.Ok<PaymentAction> ok
        ? payments.take(offer, ok.value())
        : Future.succeededFuture(
            Result.refused(((Result.Refused<PaymentAction>) action).refusal()));
  }

  Result<Payments.Paid> take(JsonObject payload) {
    return await(start(payload));
  }

  /** The tab after an action that must be taken. */
  Tab taken(JsonObject payload) {
    return tab(take(payload));
  }

  static Tab tab(Result<Payments.Paid> result) {
    if (result instanceof Result.Ok<Payments.Paid> ok) {
      return ok.value().tab();
    }
    throw new AssertionError("refused: " + result);
  }

  static Refusal refusal(Result<?> result) {
    if (result instanceof Result.Refused<?> refused) {
      return refused.refusal();
    }
    throw new AssertionError("taken: " + result);
  }

  /** The tab of a channel that was opened on chain, and here with a first voucher. */
  Tab opened(Channel channel, long authorized) {
    return opened(PAYER, channel, authorized);
  }

  Tab opened(TestPayer payer, Channel channel, long authorized) {
    JsonObject open = payer.open(channel, chain.open(channel), authorized);
    return tab(await(start(payer, offer(), open)));
  }

  Credit credit(Tab tab) {
    Receipts receipts = new Receipts(offer(), "x", () -> Instant.EPOCH);
    return new Credit(tabs, offer(), tab, receipts, vertx.getOrCreateContext());
  }

  /** A stream that reserves once, and never says what it used. */
  Future<Result<Grant>> reserve(ChannelId id, long quanta) {
    return tabs.reserve(
        id, new Ask(tabs.newStream(), TestGateway.PER_BYTE, 0, quanta, 0, Amount.ZERO));
  }

  /** A stream that reserves and uses this much. */
  void spend(ChannelId id, long quanta) {
    StreamId stream = tabs.newStream();
    await(tabs.reserve(id, new Ask(stream, TestGateway.PER_BYTE, 0, quanta, 0, Amount.ZERO)));
    await(tabs.settle(id, stream, quanta));
  }

  static <T> T await(Future<T> future) {
    return TestGateway.await(future);
  }

  @Override
  public void close() {
    TestGateway.await(vertx.close());
    ledger.close();
  }
}
