package io.tollstream.gateway.payment;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Channel;
import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Reservation.Ask;
import io.tollstream.channels.Result;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Tab.Grant;
import io.tollstream.channels.Voucher;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestViewer;
import io.tollstream.gateway.wire.Frame;
import io.tollstream.metering.Amount;
import io.vertx.core.Future;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class TabsTest {
  private static final Channel CHANNEL = Desk.PAYER.channel(TestGateway.TERMS, 1_000);

  private final Desk desk = new Desk();
  private final AtomicInteger woken = new AtomicInteger();
  private final List<Frame> told = new CopyOnWriteArrayList<>();
  private final PaymentListener socket = told::add;

  @AfterEach
  void close() {
    desk.close();
  }

  @Test
  void accept_voucher_wakesTheStreamThatHolds() {
    Credit credit = stream(100);
    assertEquals(100, reserve(credit, 150).granted());
    Desk.await(desk.tabs.accept(Desk.PAYER.voucher(CHANNEL.id(), 200), Amount.ZERO));
    TestViewer.eventually(() -> woken.get() == 1);
    assertEquals(50, reserve(credit, 50).granted());
  }

  @Test
  void accept_voucherBeforeTheStreamListens_isNotLost() {
    Credit credit = desk.credit(desk.opened(CHANNEL, 100));
    desk.tabs.join(credit, 4);
    Desk.await(desk.tabs.accept(Desk.PAYER.voucher(CHANNEL.id(), 200), Amount.ZERO));
    credit.listen(woken::incrementAndGet, why -> {});
    assertEquals(150, reserve(credit, 150).granted());
  }

  @Test
  void settle_byAnotherStream_wakesTheOneThatHolds() {
    Credit first = stream(100);
    Credit second = desk.credit(desk.ledger.tab(CHANNEL.id()));
    desk.tabs.join(second, 4);
    assertEquals(100, reserve(second, 100).granted());
    assertEquals(0, reserve(first, 10).granted());
    int before = woken.get();
    Desk.await(second.settle(60));
    TestViewer.eventually(() -> woken.get() > before);
    assertEquals(40, reserve(first, 100).granted());
  }

  @Test
  void reserve_withCredit_goesBeyondWhatIsAuthorizedByThatMuch() {
    desk.credit = Amount.of(30);
    Credit credit = stream(100);
    assertEquals(130, reserve(credit, 500).granted());
  }

  @Test
  void reserve_afterGrant_doesNotWakeAnybody() {
    Credit credit = stream(100);
    reserve(credit, 10);
    reserve(credit, 10);
    assertEquals(0, woken.get());
  }

  @Test
  void demand_beyondTheDeposit_asksForAllOfItAndThenForMore() {
    Credit credit = stream(400);
    desk.tabs.subscribe(CHANNEL.id(), socket);
    credit.demand(200); // covered already: nobody need be asked
    credit.demand(500);
    credit.demand(5_000);
    assertEquals(List.of(Amount.of(500), Amount.of(1_000)), demands());
    Desk.await(desk.tabs.accept(Desk.PAYER.voucher(CHANNEL.id(), 1_000), Amount.ZERO));
    credit.demand(5_000);
    assertEquals(Amount.of(5_000), demands().get(2), "a top-up has to come first");
  }

  @Test
  void join_asManyAsAllowed_takesNoMore() {
    Credit first = stream(100);
    Credit second = desk.credit(desk.ledger.tab(CHANNEL.id()));
    assertFalse(desk.tabs.join(second, 1));
    assertTrue(desk.tabs.join(second, 2));
    desk.tabs.leave(first);
    assertFalse(desk.tabs.join(first, 1));
    desk.tabs.leave(second);
    assertTrue(desk.tabs.join(first, 1));
  }

  @Test
  void leave_everybody_leavesNothingBehind() {
    Credit credit = stream(100);
    desk.tabs.subscribe(CHANNEL.id(), socket);
    desk.tabs.unsubscribe(CHANNEL.id(), socket);
    desk.tabs.leave(credit);
    assertEquals(0, desk.tabs.streams(CHANNEL.id()));
    Tab old = desk.ledger.tab(CHANNEL.id());
    assertEquals(old, desk.tabs.newestOr(CHANNEL.id(), old));
  }

  @Test
  void settle_ledgerDownForAWhile_isTriedUntilItIsUp() {
    Credit credit = stream(100);
    reserve(credit, 100);
    desk.ledger.down(true);
    var given = credit.settle(40);
    TestViewer.pause(250);
    assertEquals(Amount.of(100), desk.ledger.tab(CHANNEL.id()).spent());
    desk.ledger.down(false);
    Desk.await(given);
    assertEquals(Amount.of(40), desk.ledger.tab(CHANNEL.id()).spent());
  }

  @Test
  void reserve_ledgerDown_failsAndReservesNothing() {
    Credit credit = stream(100);
    desk.ledger.down(true);
    var reserved = credit.reserve(10, 0);
    TestViewer.eventually(reserved::isComplete);
    assertTrue(reserved.failed());
    assertEquals(Amount.ZERO, desk.ledger.tab(CHANNEL.id()).spent());
  }

  @Test
  void endStreams_reservationUnderWay_isWaitedFor() throws InterruptedException {
    Credit credit = stream(100);
    AtomicInteger ended = new AtomicInteger();
    credit.listen(
        () -> {},
        why -> {
          ended.incrementAndGet();
          credit.settle(0);
        });
    desk.ledger.hold();
    var reserved = credit.reserve(50, 0);
    var over = desk.tabs.endStreams(CHANNEL.id());
    TestViewer.eventually(() -> ended.get() == 1);
    assertFalse(over.isComplete());
    desk.ledger.release();
    Desk.await(over);
    assertTrue(reserved.isComplete());
    assertEquals(Amount.ZERO, desk.ledger.tab(CHANNEL.id()).spent());
  }

  @Test
  void reserve_answerNeverHeard_comesWithTheNextOne() throws InterruptedException {
    Credit credit = stream(100);
    assertEquals(30, reserve(credit, 30).granted());
    Tab before = desk.ledger.tab(CHANNEL.id());
    StreamId stream = before.reservations().get(0).stream();
    Ask unheard = new Ask(stream, TestGateway.PER_BYTE, 30, 80, 30, Amount.ZERO);
    Desk.await(desk.tabs.reserve(CHANNEL.id(), unheard));
    assertEquals(50, reserve(credit, 50).granted());
    assertEquals(Amount.of(80), desk.ledger.tab(CHANNEL.id()).spent());
    Desk.await(credit.settle(35));
    assertEquals(Amount.of(35), desk.ledger.tab(CHANNEL.id()).spent());
  }

  @Test
  void news_tabChangedByAnotherGateway_wakesTheStreamThatHolds() {
    Credit credit = stream(100);
    assertEquals(100, reserve(credit, 150).granted());
    Voucher voucher = Desk.PAYER.voucher(CHANNEL.id(), 200);
    Desk.await(
        Future.fromCompletionStage(desk.ledger.apply(CHANNEL.id(), tab -> taken(tab, voucher))));
    int before = woken.get();
    desk.ledger.news().changed(CHANNEL.id());
    TestViewer.eventually(() -> woken.get() > before);
    assertEquals(50, reserve(credit, 50).granted());
  }

  private static Step<Boolean> taken(@Nullable Tab tab, Voucher voucher) {
    return new Step<>(requireNonNull(tab).accept(voucher, Amount.ZERO).tab(), true);
  }

  @Test
  void news_channelClosingOnAnotherGateway_endsItsStreams() {
    Credit credit = stream(100);
    reserve(credit, 50);
    List<Refusal> ends = new CopyOnWriteArrayList<>();
    credit.listen(() -> {}, ends::add);
    Desk.await(
        Future.fromCompletionStage(
            desk.ledger.apply(CHANNEL.id(), tab -> requireNonNull(tab).beginClose(null))));
    desk.ledger.news().changed(CHANNEL.id());
    TestViewer.eventually(() -> !ends.isEmpty());
    assertEquals(List.of(new Refusal.ChannelFinalized(CHANNEL.id())), ends);
  }

  @Test
  void news_missed_everythingLiveIsLookedAtAgain() {
    Credit credit = stream(100);
    reserve(credit, 150);
    int before = woken.get();
    desk.ledger.news().missedNews();
    TestViewer.eventually(() -> woken.get() > before);
  }

  @Test
  void news_expired_endsEveryStream() {
    Credit credit = stream(100);
    reserve(credit, 50);
    List<Refusal> ends = new CopyOnWriteArrayList<>();
    credit.listen(() -> {}, ends::add);
    desk.ledger.news().expired();
    TestViewer.eventually(() -> !ends.isEmpty());
    assertEquals(List.of(new Refusal.Unavailable("The ledger")), ends);
  }

  @Test
  void demand_socketOnAnotherGateway_isPassedOn() {
    Credit credit = stream(400);
    credit.demand(500);
    assertEquals(List.of(Amount.of(500)), desk.ledger.demands());
    desk.tabs.subscribe(CHANNEL.id(), socket);
    desk.ledger.news().demanded(CHANNEL.id(), Amount.of(600));
    TestViewer.eventually(() -> !told.isEmpty());
    assertEquals(List.of(Amount.of(600)), demands());
  }

  @Test
  void open_channelThatHasSettledBefore_countsThatAsSpent() {
    Channel used =
        new Channel(
            CHANNEL.id(),
            CHANNEL.escrow(),
            CHANNEL.payer(),
            CHANNEL.payee(),
            CHANNEL.token(),
            CHANNEL.authorizedSigner(),
            CHANNEL.deposit(),
            Amount.of(60),
            0,
            false);
    Desk.await(desk.tabs.open(used, Desk.PAYER.voucher(used.id(), 100), Amount.ZERO));
    Credit credit = desk.credit(desk.ledger.tab(used.id()));
    assertEquals(40, reserve(credit, 500).granted());
  }

  private Credit stream(long authorized) {
    Credit credit = desk.credit(desk.opened(CHANNEL, authorized));
    assertTrue(desk.tabs.join(credit, 4));
    credit.listen(woken::incrementAndGet, why -> {});
    return credit;
  }

  private static Grant reserve(Credit credit, long quanta) {
    Result<Grant> result = Desk.await(credit.reserve(quanta, 0));
    return ((Result.Ok<Grant>) result).value();
  }

  private List<Amount> demands() {
    return told.stream().map(frame -> ((Frame.NeedVoucher) frame).requiredCumulative()).toList();
  }
}
