package io.tollstream.channels;

import static io.tollstream.channels.Samples.NODE;
import static io.tollstream.channels.Samples.PER_BYTE;
import static io.tollstream.channels.Samples.ask;
import static io.tollstream.channels.Samples.channel;
import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.Samples.ok;
import static io.tollstream.channels.Samples.refusal;
import static io.tollstream.channels.Samples.stream;
import static io.tollstream.channels.Samples.voucher;
import static io.tollstream.channels.TabTest.charged;
import static io.tollstream.channels.TabTest.paid;
import static io.tollstream.channels.TabTest.seen;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.Tab.Phase;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Bill;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Every phase answers every event: the table of what a tab does and where it goes. */
final class TabPhaseTest {
  /** A tab of 10 and 30 authorized and 20 reserved by a stream, in each phase. */
  enum Case {
    OPEN,
    DISPUTED,
    CLOSING,
    CLOSED;

    Tab tab() {
      Tab authorized = paid(Tab.of(channel(1, 1_000)), 10, 30);
      Tab open = ok(authorized.reserve(ask(stream(1), PER_BYTE, 20)).answer()).tab();
      return switch (this) {
        case OPEN -> open;
        case DISPUTED -> open.observe(seen(1_000, 0, 9, false)).answer();
        case CLOSING -> ok(open.beginClose(null).answer());
        case CLOSED -> open.observe(seen(1_000, 0, 0, true)).answer();
      };
    }

    @Nullable Refusal refusesToSell() {
      return switch (this) {
        case OPEN -> null;
        case DISPUTED -> new Refusal.CloseRequested(id(1));
        case CLOSING, CLOSED -> new Refusal.ChannelFinalized(id(1));
      };
    }

    static Case of(Tab tab) {
      Phase phase = tab.phase();
      if (phase instanceof Phase.Open) {
        return OPEN;
      }
      if (phase instanceof Phase.Disputed) {
        return DISPUTED;
      }
      return phase instanceof Phase.Closing ? CLOSING : CLOSED;
    }
  }

  private static void assertSells(Case phase, Step<? extends Result<?>> step) {
    Refusal expected = phase.refusesToSell();
    if (expected == null) {
      ok(step.answer());
    } else {
      assertEquals(expected, refusal(step.answer()));
      assertNull(step.tab());
    }
  }

  @ParameterizedTest
  @EnumSource
  void accept_inEachPhase_isTakenOnlyWhileOpen(Case phase) {
    assertSells(phase, phase.tab().accept(voucher(1, 40), Amount.ZERO));
    assertSells(phase, phase.tab().accept(voucher(1, 5), Amount.ZERO));
    assertSells(phase, phase.tab().accept(voucher(1, 30), Amount.ZERO));
  }

  @ParameterizedTest
  @EnumSource
  void reserve_inEachPhase_isGrantedOnlyWhileOpen(Case phase) {
    assertSells(phase, phase.tab().reserve(ask(stream(9), PER_BYTE, 5)));
  }

  @ParameterizedTest
  @EnumSource
  void settle_inEachPhase_lowersWhatIsSpent(Case phase) {
    Step<Tab> step = phase.tab().settle(stream(1), 5);
    assertEquals(Amount.of(5), step.answer().spent());
    assertEquals(List.of(), step.answer().reservations());
    assertEquals(phase, Case.of(step.answer()));
    assertEquals(step.answer(), step.tab());
    assertThrows(IllegalArgumentException.class, () -> phase.tab().settle(stream(1), 21));
    assertThrows(IllegalArgumentException.class, () -> phase.tab().settle(stream(1), -1));
  }

  @ParameterizedTest
  @EnumSource
  void recover_inEachPhase_keepsWhatIsSpent(Case phase) {
    Step<Tab> step = phase.tab().recover(NODE);
    assertEquals(Amount.of(20), step.answer().spent());
    assertEquals(List.of(), step.answer().reservations());
    assertEquals(phase.tab().phase(), step.answer().phase());
    assertEquals(step.answer(), step.tab());
  }

  /** What a reading of the chain, by its time of a forced close and its end, makes of a phase. */
  @ParameterizedTest
  @CsvSource({
    "OPEN, 0, false, OPEN",
    "OPEN, 7, false, DISPUTED",
    "OPEN, 0, true, CLOSED",
    "OPEN, 7, true, CLOSED",
    "DISPUTED, 0, false, OPEN",
    "DISPUTED, 7, false, DISPUTED",
    "DISPUTED, 0, true, CLOSED",
    "DISPUTED, 7, true, CLOSED",
    "CLOSING, 0, false, CLOSING",
    "CLOSING, 7, false, CLOSING",
    "CLOSING, 0, true, CLOSED",
    "CLOSING, 7, true, CLOSED",
    "CLOSED, 0, false, CLOSED",
    "CLOSED, 7, false, CLOSED",
    "CLOSED, 0, true, CLOSED",
    "CLOSED, 7, true, CLOSED"
  })
  void observe_inEachPhase_goesWhereTheChainSays(
      Case before, long closeRequestedAt, boolean finalized, Case after) {
    Channel seen = seen(2_000, 10, closeRequestedAt, finalized);
    Tab tab = before.tab().observe(seen).answer();
    assertEquals(after, Case.of(tab));
    assertEquals(seen, tab.channel());
    assertEquals(before.tab().bill(), tab.bill());
    assertEquals(before.tab().vouchers(), tab.vouchers());
  }

  @ParameterizedTest
  @CsvSource({
    "OPEN, 7, false, DISPUTED",
    "DISPUTED, 0, false, OPEN",
    "CLOSING, 0, false, CLOSING",
    "CLOSED, 0, false, CLOSING",
    "CLOSED, 7, false, CLOSING",
    "CLOSED, 0, true, CLOSED"
  })
  void observeAgain_inEachPhase_believesNoEndThatIsTakenBack(
      Case before, long closeRequestedAt, boolean finalized, Case after) {
    Channel seen = seen(2_000, 10, closeRequestedAt, finalized);
    Tab tab = before.tab().observeAgain(seen).answer();
    assertEquals(after, Case.of(tab));
    assertEquals(seen, tab.channel());
    Tab stale = before.tab().observe(seen).answer();
    assertEquals(tab, stale.observeAgain(seen).answer());
  }

  @Test
  void isUnpaid_closedWithLessThanVouchersCover_isTold() {
    assertTrue(Case.CLOSED.tab().isUnpaid());
    assertTrue(Case.CLOSED.tab().observe(seen(1_000, 19, 0, true)).answer().isUnpaid());
    assertFalse(Case.CLOSED.tab().observe(seen(1_000, 20, 0, true)).answer().isUnpaid());
  }

  @ParameterizedTest
  @EnumSource
  void observe_nothingNew_keeps(Case phase) {
    assertNull(phase.tab().observe(phase.tab().channel()).tab());
  }

  @Test
  void observe_topUpCancelsTheDispute_sellsAgain() {
    Tab tab = Case.DISPUTED.tab().observe(seen(2_000, 0, 0, false)).answer();
    ok(tab.accept(voucher(1, 1_500), Amount.ZERO).answer());
  }

  @Test
  void observe_anotherChannel_throws() {
    Tab tab = Case.OPEN.tab();
    assertThrows(IllegalArgumentException.class, () -> tab.observe(channel(2, 1_000)));
    Channel now = tab.channel();
    Channel elsewhere =
        new Channel(
            now.id(),
            new Escrow(1, now.escrow().contract()),
            now.payer(),
            now.payee(),
            now.token(),
            now.authorizedSigner(),
            now.deposit(),
            now.settled(),
            0,
            false);
    assertThrows(IllegalArgumentException.class, () -> tab.observe(elsewhere));
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "CLOSED")
  void beginClose_beforeTheEnd_closesWithTheSmallestThatCovers(Case phase) {
    Tab tab = ok(phase.tab().beginClose(null).answer());
    assertEquals(new Phase.Closing(Amount.of(30)), tab.phase());
  }

  @Test
  void beginClose_nothingToRedeem_closesWithWhatIsSettled() {
    Tab tab = Tab.of(seen(100, 40, 0, false));
    assertEquals(new Phase.Closing(Amount.of(40)), ok(tab.beginClose(null).answer()).phase());
  }

  @Test
  void beginClose_closed_isRefused() {
    Step<Result<Tab>> step = Case.CLOSED.tab().beginClose(null);
    assertEquals(new Refusal.ChannelFinalized(id(1)), refusal(step.answer()));
    assertNull(step.tab());
  }

  @Test
  void settle_whileClosing_closesWithLess() {
    Tab tab = Case.CLOSING.tab().settle(stream(1), 5).answer();
    assertEquals(new Phase.Closing(Amount.of(10)), tab.phase());
    assertEquals(tab, ok(tab.beginClose(null).answer()));
  }

  @ParameterizedTest
  @CsvSource({"19, 30", "20, 20", "25, 25", "30, 30", "31, 30"})
  void beginClose_voucherOffered_isUsedWhereItIsTheSmallestThatCovers(long offered, long redeem) {
    Tab tab = ok(Case.OPEN.tab().beginClose(voucher(1, offered)).answer());
    assertEquals(new Phase.Closing(Amount.of(redeem)), tab.phase());
    assertEquals(Amount.of(redeem), requireNonNull(tab.redeemable()).cumulative());
  }

  @Test
  void beginClose_voucherThatCoversWhatStreamsWillHaveUsed_isUsedOnceTheyAreSettled() {
    Tab tab = ok(Case.OPEN.tab().beginClose(voucher(1, 7)).answer());
    assertEquals(new Phase.Closing(Amount.of(30)), tab.phase());
    assertEquals(new Phase.Closing(Amount.of(7)), tab.settle(stream(1), 6).answer().phase());
  }

  @Test
  void beginClose_voucherAboveTheDeposit_isRefused() {
    Step<Result<Tab>> step = Case.OPEN.tab().beginClose(voucher(1, 1_001));
    assertEquals(
        new Refusal.AmountExceedsDeposit(Amount.of(1_001), Amount.of(1_000)),
        refusal(step.answer()));
    assertNull(step.tab());
  }

  @ParameterizedTest
  @CsvSource({"0, 5, 5", "0, 325, 10", "15, 16, 16", "15, 315, 20", "320, 321, 320"})
  void beginClose_voucherOfferedToAFullTab_keepsTheOneThatCovers(
      long spent, long offered, long redeem) {
    long[] amounts = LongStream.rangeClosed(1, Tab.MAX_VOUCHERS).map(i -> 10 * i).toArray();
    Tab full = charged(paid(Tab.of(channel(1, 1_000)), amounts), spent);
    Tab tab = ok(full.beginClose(voucher(1, offered)).answer());
    assertEquals(new Phase.Closing(Amount.of(redeem)), tab.phase());
    assertEquals(Amount.of(Math.max(320, offered)), tab.authorized());
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "CLOSING")
  void abandonClose_notClosing_keeps(Case phase) {
    Step<Tab> step = phase.tab().abandonClose();
    assertNull(step.tab());
    assertEquals(phase.tab(), step.answer());
  }

  @Test
  void abandonClose_closing_goesWhereTheChainStands() {
    Tab tab = Case.CLOSING.tab();
    assertEquals(Case.OPEN.tab(), tab.abandonClose().answer());
    Tab disputed = tab.observe(seen(1_000, 0, 7, false)).answer();
    assertEquals(new Phase.Disputed(), disputed.abandonClose().answer().phase());
  }

  @Test
  void of_eachChannel_startsWhereTheChainStands() {
    assertEquals(new Phase.Open(), Tab.of(seen(5, 0, 0, false)).phase());
    assertEquals(new Phase.Disputed(), Tab.of(seen(5, 0, 7, false)).phase());
    assertEquals(new Phase.Closed(), Tab.of(seen(5, 0, 7, true)).phase());
  }

  @Test
  void tab_phaseAgainstTheChannel_throws() {
    assertRefused(new Phase.Open(), seen(5, 0, 7, false));
    assertRefused(new Phase.Open(), seen(5, 0, 0, true));
    assertRefused(new Phase.Disputed(), seen(5, 0, 0, false));
    assertRefused(new Phase.Closing(Amount.ZERO), seen(5, 0, 0, true));
  }

  private static void assertRefused(Phase phase, Channel channel) {
    assertThrows(
        IllegalArgumentException.class,
        () -> new Tab(channel, phase, Amount.ZERO, List.of(), Bill.EMPTY, List.of(), 0, 0));
  }
}
