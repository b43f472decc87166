package io.tollstream.gateway.payment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Terms;
import io.tollstream.channels.Voucher;
import io.tollstream.gateway.FakeChain.Call;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestPayer;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What opens a tab, and what does not. */
final class OpenPaymentsTest {
  private static final String HASH = "0x" + "d4".repeat(32);

  private final Desk desk = new Desk();
  private final Channel channel = Desk.PAYER.channel(TestGateway.TERMS, 1_000);

  @AfterEach
  void close() {
    desk.close();
  }

  @Test
  void open_broadcastAndFinal_startsATabWithItsFirstVoucher() {
    Tab tab = desk.opened(channel, 100);
    assertEquals(channel, tab.channel());
    assertEquals(Amount.of(100), tab.authorized());
    assertEquals(tab, desk.ledger.tab(channel.id()));
  }

  @Test
  void open_replayed_resetsNothing() {
    JsonObject open = Desk.PAYER.open(channel, desk.chain.open(channel), 100);
    desk.taken(open);
    desk.taken(Desk.PAYER.pay(channel.id(), 300));
    Desk.await(desk.reserve(channel.id(), 250));
    Tab before = desk.ledger.tab(channel.id());
    assertEquals(before, desk.taken(open));
    assertEquals(before, desk.ledger.tab(channel.id()));
    assertEquals(1, desk.chain.calls(Call.AWAIT));
  }

  @Test
  void open_notFinalYet_waitsForTheChain() {
    String hash = desk.chain.open(channel);
    desk.chain.hold(Call.AWAIT);
    var opening = desk.start(Desk.PAYER.open(channel, hash, 100));
    assertFalse(desk.ledger.knows(channel.id()));
    desk.chain.release(Call.AWAIT);
    assertEquals(Amount.of(100), Desk.tab(Desk.await(opening)).authorized());
  }

  @Test
  void open_sameRelayedOneTwiceAtOnce_isSubmittedOnce() {
    desk.chain.hold(Call.SUBMIT);
    JsonObject open = Desk.PAYER.relayedOpen(channel, 100);
    var first = desk.start(open);
    var second = desk.start(open.copy());
    io.tollstream.gateway.TestViewer.eventually(() -> desk.chain.calls(Call.SUBMIT) == 1);
    io.tollstream.gateway.TestViewer.pause(50);
    desk.chain.release(Call.SUBMIT);
    assertEquals(Desk.tab(Desk.await(first)), Desk.tab(Desk.await(second)));
    assertEquals(1, desk.chain.calls(Call.SUBMIT));
  }

  @Test
  void open_sameRelayedOneWithAnotherVoucher_takesBothVouchers() {
    desk.chain.hold(Call.SUBMIT);
    var first = desk.start(Desk.PAYER.relayedOpen(channel, 100));
    var second = desk.start(Desk.PAYER.relayedOpen(channel, 200));
    io.tollstream.gateway.TestViewer.eventually(() -> desk.chain.calls(Call.SUBMIT) == 1);
    io.tollstream.gateway.TestViewer.pause(50);
    desk.chain.release(Call.SUBMIT);
    Desk.tab(Desk.await(first));
    Desk.tab(Desk.await(second));
    assertEquals(Amount.of(200), desk.ledger.tab(channel.id()).authorized());
    assertEquals(1, desk.chain.calls(Call.SUBMIT));
  }

  @Test
  void open_chainPending_isRefusedAndCanBeSentAgain() {
    assertInstanceOf(
        Refusal.TransactionPending.class,
        Desk.refusal(desk.take(Desk.PAYER.open(channel, HASH, 100))));
    assertFalse(desk.ledger.knows(channel.id()));
    desk.opened(channel, 100);
  }

  @Test
  void open_reverted_isRefused() {
    desk.chain.refuse(Call.AWAIT, new Refusal.TransactionReverted("NonceMismatch"));
    String hash = desk.chain.open(channel);
    assertInstanceOf(
        Refusal.TransactionReverted.class,
        Desk.refusal(desk.take(Desk.PAYER.open(channel, hash, 100))));
    assertFalse(desk.ledger.knows(channel.id()));
  }

  @Test
  void open_transactionOfAnotherChannel_isRefused() {
    Channel other = Desk.PAYER.channel(TestGateway.TERMS, 1_000);
    String hash = desk.chain.open(other);
    assertInstanceOf(
        Refusal.TransactionReverted.class,
        Desk.refusal(desk.take(Desk.PAYER.open(channel, hash, 100))));
  }

  @Test
  void open_channelOfAnotherPayee_isRefusedBeforeTheChainIsAsked() {
    assertRefusedUnasked(Desk.PAYER.channel(terms("bb", "70"), 1_000));
  }

  @Test
  void open_channelOfAnotherToken_isRefusedBeforeTheChainIsAsked() {
    assertRefusedUnasked(Desk.PAYER.channel(terms("aa", "71"), 1_000));
  }

  @Test
  void open_channelOfAnotherEscrow_isRefusedBeforeTheChainIsAsked() {
    Escrow other = new Escrow(314, new Address("0x" + "e6".repeat(20)));
    Terms terms = new Terms(other, TestGateway.PAYEE, TestGateway.TOKEN, Amount.of(1));
    assertRefusedUnasked(Desk.PAYER.channel(terms, 1_000));
  }

  @Test
  void open_channelOfAnotherChain_isRefusedBeforeTheChainIsAsked() {
    Escrow other = new Escrow(315, TestGateway.ESCROW.contract());
    Terms terms = new Terms(other, TestGateway.PAYEE, TestGateway.TOKEN, Amount.of(1));
    assertRefusedUnasked(Desk.PAYER.channel(terms, 1_000));
  }

  @Test
  void open_depositBelowTheLeast_isRefused() {
    Channel poor = Desk.PAYER.channel(TestGateway.TERMS, 9);
    assertEquals(
        new Refusal.InsufficientBalance(Amount.of(10), Amount.of(9)),
        Desk.refusal(desk.take(Desk.PAYER.open(poor, desk.chain.open(poor), 1))));
  }

  @Test
  void open_closeRequestedMeanwhile_isRefused() {
    String hash = desk.chain.open(channel);
    desk.chain.requestClose(channel.id());
    assertEquals(
        new Refusal.CloseRequested(channel.id()),
        Desk.refusal(desk.take(Desk.PAYER.open(channel, hash, 100))));
  }

  @Test
  void open_finalized_isRefused() {
    String hash = desk.chain.open(channel);
    desk.chain.withdraw(channel.id());
    assertEquals(
        new Refusal.ChannelFinalized(channel.id()),
        Desk.refusal(desk.take(Desk.PAYER.open(channel, hash, 100))));
  }

  @Test
  void open_voucherAboveTheDeposit_isRefused() {
    String hash = desk.chain.open(channel);
    assertInstanceOf(
        Refusal.AmountExceedsDeposit.class,
        Desk.refusal(desk.take(Desk.PAYER.open(channel, hash, 1_001))));
    assertFalse(desk.ledger.knows(channel.id()));
  }

  @Test
  void open_relayedVoucherAboveTheDeposit_costsNoGas() {
    assertInstanceOf(
        Refusal.AmountExceedsDeposit.class,
        Desk.refusal(desk.take(Desk.PAYER.relayedOpen(channel, 1_001))));
    assertEquals(0, desk.chain.calls(Call.SUBMIT));
  }

  @Test
  void open_relayedVoucherOfSomebodyElse_costsNoGas() {
    Voucher foreign = new TestPayer(8, TestGateway.ESCROW).voucher(channel.id(), 100);
    JsonObject open =
        Desk.PAYER.relayedOpen(channel, 100).put("voucherSignature", foreign.signature().hex());
    assertInstanceOf(Refusal.SignerMismatch.class, Desk.refusal(desk.take(open)));
    assertEquals(0, desk.chain.calls(Call.SUBMIT));
  }

  @Test
  void open_relayedDepositBelowTheLeast_costsNoGas() {
    Channel poor = Desk.PAYER.channel(TestGateway.TERMS, 9);
    assertInstanceOf(
        Refusal.InsufficientBalance.class,
        Desk.refusal(desk.take(Desk.PAYER.relayedOpen(poor, 1))));
    assertEquals(0, desk.chain.calls(Call.SUBMIT));
  }

  @Test
  void open_relayedNonceOfAnotherChannel_costsNoGas() {
    Channel other = Desk.PAYER.channel(TestGateway.TERMS, 1_000);
    JsonObject open = Desk.PAYER.relayedOpen(channel, 100);
    String nonce =
        Desk.PAYER.relayedOpen(other, 100).getJsonObject("authorization").getString("nonce");
    open.getJsonObject("authorization").put("nonce", nonce);
    assertInstanceOf(Refusal.Malformed.class, Desk.refusal(desk.take(open)));
    assertEquals(0, desk.chain.calls(Call.SUBMIT));
  }

  @Test
  void open_inAWayNotOffered_isRefused() {
    JsonObject open = Desk.PAYER.relayedOpen(channel, 100);
    Offer hashOnly =
        new Offer(
            "film",
            TestGateway.PER_BYTE,
            desk.offer().policy(),
            TestGateway.TERMS,
            desk.offer().protocol(),
            "e30",
            Amount.ZERO,
            java.util.List.of("hash"),
            Amount.ZERO,
            4);
    assertInstanceOf(Refusal.Malformed.class, Desk.refusal(Desk.await(desk.start(hashOnly, open))));
    assertEquals(0, desk.chain.calls(Call.SUBMIT));
  }

  private void assertRefusedUnasked(Channel foreign) {
    JsonObject open = Desk.PAYER.open(foreign, HASH, 100);
    assertInstanceOf(Refusal.Malformed.class, Desk.refusal(desk.take(open)));
    assertEquals(0, desk.chain.calls(Call.AWAIT));
    assertFalse(desk.ledger.knows(foreign.id()));
  }

  private static Terms terms(String payee, String token) {
    return new Terms(
        TestGateway.ESCROW,
        new Address("0x" + payee.repeat(20)),
        new Address("0x" + token.repeat(20)),
        Amount.of(1));
  }
}
