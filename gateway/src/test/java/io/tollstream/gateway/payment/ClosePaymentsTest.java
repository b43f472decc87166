package io.tollstream.gateway.payment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Channel;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Tab.Phase;
import io.tollstream.gateway.FakeChain.Call;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestPayer;
import io.tollstream.gateway.TestViewer;
import io.tollstream.metering.Amount;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a close redeems, and where a tab stands when it does not go through. */
final class ClosePaymentsTest {
  private final Desk desk = new Desk();
  private final Channel channel = Desk.PAYER.channel(TestGateway.TERMS, 1_000);
  private final AtomicLong nanos = new AtomicLong();

  @BeforeEach
  void openAndSpend() {
    desk.opened(channel, 100);
    desk.taken(Desk.PAYER.pay(channel.id(), 300));
    desk.taken(Desk.PAYER.pay(channel.id(), 600));
    desk.spend(channel.id(), 250);
  }

  @AfterEach
  void close() {
    desk.close();
  }

  /** 250 are spent of 600; vouchers of 100, 300 and 600 are stored. */
  @ParameterizedTest
  @CsvSource({"250, 250", "260, 260", "300, 300", "249, 300", "0, 300", "600, 300", "900, 300"})
  void close_withAVoucher_redeemsTheSmallestThatCoversWhatIsSpent(long offered, String redeemed) {
    var paid =
        assertInstanceOf(Result.Ok.class, desk.take(Desk.PAYER.close(channel.id(), offered)));
    assertNotNull(((Payments.Paid) paid.value()).transactionHash());
    assertEquals(List.of(redeemed), desk.chain.redeemed());
    assertEquals(new Phase.Closed(), tab().phase());
    assertTrue(desk.chain.of(channel.id()).finalized());
  }

  @Test
  void close_voucherAboveTheDeposit_isRefusedAndTheTabSellsOn() {
    assertInstanceOf(
        Refusal.AmountExceedsDeposit.class,
        Desk.refusal(desk.take(Desk.PAYER.close(channel.id(), 1_001))));
    assertEquals(new Phase.Open(), tab().phase());
    desk.taken(Desk.PAYER.pay(channel.id(), 700));
  }

  @Test
  void close_voucherOfSomebodyElse_closesNothing() {
    TestPayer stranger = new TestPayer(8, TestGateway.ESCROW);
    assertInstanceOf(
        Refusal.SignerMismatch.class, Desk.refusal(desk.take(stranger.close(channel.id(), 250))));
    assertEquals(new Phase.Open(), tab().phase());
    assertEquals(0, desk.chain.calls(Call.CLOSE));
  }

  @Test
  void close_nothingSpent_redeemsNothing() {
    Channel unused = Desk.PAYER.channel(TestGateway.TERMS, 500);
    desk.opened(unused, 0);
    desk.taken(Desk.PAYER.close(unused.id(), 0));
    assertEquals(List.of("none"), desk.chain.redeemed());
    assertEquals(Amount.ZERO, desk.chain.of(unused.id()).settled());
  }

  @Test
  void close_reverted_settlesWhatIsOwedAndReopensTheTab() {
    desk.chain.refuse(Call.CLOSE, new Refusal.TransactionReverted("out of gas"));
    assertInstanceOf(
        Refusal.TransactionReverted.class,
        Desk.refusal(desk.take(Desk.PAYER.close(channel.id(), 250))));
    assertEquals(new Phase.Open(), tab().phase());
    assertEquals(Amount.of(700), desk.taken(Desk.PAYER.pay(channel.id(), 700)).authorized());
    assertEquals(List.of("250"), desk.chain.redeemed());
    desk.taken(Desk.PAYER.close(channel.id(), 250));
    assertEquals(List.of("250", "none"), desk.chain.redeemed());
  }

  /** A payer's own code, or its token, can make every close revert, but no settlement. */
  @Test
  void watch_forcedCloseWhoseCloseReverts_isSettledAndNotPaidForAgainAndAgain() {
    desk.chain.requestClose(channel.id());
    for (int i = 0; i < 9; i++) {
      desk.chain.refuse(Call.CLOSE, new Refusal.TransactionReverted("reverted"));
    }
    ChannelWatch watch = watch();
    Desk.await(watch.round());
    TestViewer.eventually(() -> desk.chain.redeemed().equals(List.of("300")));
    assertInstanceOf(Phase.Disputed.class, tab().phase());
    assertEquals(Amount.of(300), tab().channel().settled());
    for (int i = 0; i < 5; i++) {
      Desk.refusal(Desk.await(desk.payments.redeem(desk.chain, channel.id(), null)));
    }
    assertEquals(2, desk.chain.calls(Call.CLOSE), "each costs gas");
  }

  @Test
  void close_stillPending_staysClosingAndTheWatchFinishesIt() {
    desk.chain.refuse(Call.CLOSE, new Refusal.TransactionPending("0x1"));
    assertInstanceOf(
        Refusal.TransactionPending.class,
        Desk.refusal(desk.take(Desk.PAYER.close(channel.id(), 250))));
    assertEquals(new Phase.Closing(Amount.of(250)), tab().phase());
    assertInstanceOf(
        Refusal.ChannelFinalized.class, Desk.refusal(desk.take(Desk.PAYER.pay(channel.id(), 700))));
    Desk.await(watch().round());
    TestViewer.eventually(() -> tab().phase() instanceof Phase.Closed);
    assertEquals(List.of("250"), desk.chain.redeemed());
  }

  @Test
  void close_minedAfterAll_isSeenByTheWatchAndNotSentAgain() {
    desk.chain.refuse(Call.CLOSE, new Refusal.TransactionPending("0x1"));
    desk.take(Desk.PAYER.close(channel.id(), 250));
    desk.chain.withdraw(channel.id());
    Desk.await(watch().round());
    TestViewer.eventually(() -> tab().phase() instanceof Phase.Closed);
    assertEquals(1, desk.chain.calls(Call.CLOSE));
  }

  @Test
  void close_twiceAtOnce_isSubmittedOnce() {
    desk.chain.hold(Call.CLOSE);
    var first = desk.start(Desk.PAYER.close(channel.id(), 250));
    TestViewer.eventually(() -> desk.chain.calls(Call.CLOSE) == 1);
    assertInstanceOf(
        Refusal.ChannelFinalized.class,
        Desk.refusal(desk.take(Desk.PAYER.close(channel.id(), 250))));
    desk.chain.release(Call.CLOSE);
    Desk.tab(Desk.await(first));
    assertEquals(1, desk.chain.calls(Call.CLOSE));
  }

  @Test
  void close_whileAStreamRuns_endsItAndCountsWhatItGivesBack() {
    Credit credit = desk.credit(tab());
    assertTrue(desk.tabs.join(credit, 4));
    Desk.await(credit.reserve(200, 0));
    credit.listen(() -> {}, why -> credit.settle(50));
    desk.taken(Desk.PAYER.close(channel.id(), 300));
    assertEquals(Amount.of(300), tab().spent());
    assertEquals(List.of("300"), desk.chain.redeemed());
  }

  @Test
  void close_whileAReservationIsUnderWay_countsThatToo() throws InterruptedException {
    Credit credit = desk.credit(tab());
    assertTrue(desk.tabs.join(credit, 4));
    desk.ledger.hold();
    var unused = credit.reserve(200, 0);
    credit.listen(() -> {}, why -> credit.settle(0));
    var closing = desk.start(Desk.PAYER.close(channel.id(), 250));
    desk.ledger.release();
    Desk.tab(Desk.await(closing));
    assertEquals(Amount.of(250), tab().spent());
    assertEquals(List.of("250"), desk.chain.redeemed());
  }

  @Test
  void close_closedAlready_isRefusedAndSubmitsNothing() {
    desk.taken(Desk.PAYER.close(channel.id(), 250));
    assertEquals(
        new Refusal.ChannelFinalized(channel.id()),
        Desk.refusal(desk.take(Desk.PAYER.close(channel.id(), 250))));
    assertEquals(1, desk.chain.calls(Call.CLOSE));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void watch_forcedClose_isRedeemedAtOnceWithWhatCovers(boolean pending) {
    desk.chain.requestClose(channel.id());
    if (pending) {
      desk.chain.refuse(Call.CLOSE, new Refusal.TransactionPending("0x1"));
    }
    ChannelWatch watch = watch();
    TestViewer.eventually(
        () -> {
          Desk.await(watch.round());
          return tab().phase() instanceof Phase.Closed;
        });
    assertEquals(List.of("300"), desk.chain.redeemed());
  }

  @Test
  void watch_closingByAnotherGateway_isTakenUpOnlyAfterThatOneMustHaveGivenUp() {
    desk.ledger.shared(true, false);
    Desk.await(desk.tabs.beginClose(channel.id(), null));
    ChannelWatch watch = watch();
    Desk.await(watch.round());
    nanos.addAndGet(Departures.TAKE_OVER_NANOS - 1);
    Desk.await(watch.round());
    assertEquals(0, desk.chain.calls(Call.CLOSE));
    nanos.incrementAndGet();
    Desk.await(watch.round());
    TestViewer.eventually(() -> tab().phase() instanceof Phase.Closed);
    assertEquals(List.of("300"), desk.chain.redeemed());
  }

  @Test
  void watch_forcedCloseWhileTheLeaderIsBlind_isRedeemedByAnotherInTheEnd() {
    desk.ledger.shared(true, true);
    desk.chain.requestClose(channel.id());
    ChannelWatch watch = watch();
    Desk.await(watch.round());
    assertEquals(0, desk.chain.calls(Call.CLOSE));
    nanos.addAndGet(Departures.TAKE_OVER_NANOS);
    Desk.await(watch.round());
    TestViewer.eventually(() -> tab().phase() instanceof Phase.Closed);
    assertEquals(List.of("300"), desk.chain.redeemed());
  }

  @Test
  void close_revertedBecauseAnotherWasQuicker_staysClosed() {
    desk.chain.refuse(Call.CLOSE, new Refusal.TransactionReverted("reverted"));
    desk.chain.withdraw(channel.id());
    assertInstanceOf(
        Refusal.TransactionReverted.class,
        Desk.refusal(desk.take(Desk.PAYER.close(channel.id(), 250))));
    assertEquals(new Phase.Closed(), tab().phase());
  }

  @Test
  void watch_depositThatTheChainTookBack_buysNothingMore() {
    Tab tab = desk.opened(Desk.PAYER.channel(TestGateway.TERMS, 1_000), 400);
    desk.chain.forget(tab.id());
    Desk.await(watch().round());
    Tab after = Desk.await(desk.tabs.find(tab.id())).orElseThrow();
    assertEquals(0, after.affordable(TestGateway.PER_BYTE, Amount.ZERO));
    assertEquals(
        new Refusal.ChannelNotFound(tab.id()),
        Desk.refusal(desk.take(Desk.PAYER.pay(tab.id(), 500))));
  }

  @Test
  void watch_forcedCloseOfOneThatOwesNothing_isLeftAlone() {
    Channel unused = Desk.PAYER.channel(TestGateway.TERMS, 500);
    desk.opened(unused, 0);
    desk.chain.requestClose(unused.id());
    Desk.await(watch().round());
    assertEquals(new Phase.Disputed(), desk.ledger.tab(unused.id()).phase());
    assertEquals(0, desk.chain.calls(Call.CLOSE));
  }

  @Test
  void watch_manyLeaveAtOnce_noneWaitsForAnothersTransaction() {
    Channel second = Desk.PAYER.channel(TestGateway.TERMS, 500);
    desk.opened(second, 200);
    desk.spend(second.id(), 150);
    desk.chain.requestClose(channel.id());
    desk.chain.requestClose(second.id());
    desk.chain.hold(Call.CLOSE);
    ChannelWatch watch = watch();
    watch.round();
    TestViewer.eventually(() -> desk.chain.calls(Call.CLOSE) == 2);
    watch.round();
    desk.chain.release(Call.CLOSE);
    TestViewer.eventually(() -> desk.chain.redeemed().size() == 2);
    assertEquals(2, desk.chain.calls(Call.CLOSE));
  }

  @Test
  void watch_topUpNobodyToldUsOf_isTakenOver() {
    desk.chain.topUp(channel.id(), 500);
    Desk.await(watch().round());
    assertEquals(Amount.of(1_500), tab().channel().deposit());
  }

  @Test
  void watch_oneChannelUnreadable_looksAtTheOthers() {
    Channel second = Desk.PAYER.channel(TestGateway.TERMS, 500);
    desk.opened(second, 200);
    desk.chain.topUp(channel.id(), 500);
    desk.chain.topUp(second.id(), 500);
    desk.chain.refuse(Call.READ, new Refusal.Unavailable("the node"));
    Desk.await(watch().round());
    boolean first = tab().channel().deposit().equals(Amount.of(1_500));
    boolean other = desk.ledger.tab(second.id()).channel().deposit().equals(Amount.of(1_000));
    assertTrue(first ^ other, "all but the one that could not be read");
  }

  private ChannelWatch watch() {
    return new ChannelWatch(desk.tabs, desk.payments, List.of(desk.chain), nanos::get);
  }

  private Tab tab() {
    return desk.ledger.tab(channel.id());
  }
}
