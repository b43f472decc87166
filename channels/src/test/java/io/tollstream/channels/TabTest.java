package io.tollstream.channels;

import static io.tollstream.channels.Samples.NODE;
import static io.tollstream.channels.Samples.PER_BYTE;
import static io.tollstream.channels.Samples.PER_KIB;
import static io.tollstream.channels.Samples.ask;
import static io.tollstream.channels.Samples.channel;
import static io.tollstream.channels.Samples.fresh;
import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.Samples.ok;
import static io.tollstream.channels.Samples.refusal;
import static io.tollstream.channels.Samples.stream;
import static io.tollstream.channels.Samples.voucher;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.Reservation.Ask;
import io.tollstream.channels.Tab.Acceptance;
import io.tollstream.channels.Tab.Grant;
import io.tollstream.channels.Tab.Phase;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Bill;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

final class TabTest {
  private static final long DEPOSIT = 1_000;
  private static final Tab FRESH = Tab.of(channel(1, DEPOSIT));

  static Channel seen(long deposit, long settled, long closeRequestedAt, boolean finalized) {
    return channel(1, Amount.of(deposit), Amount.of(settled), closeRequestedAt, finalized);
  }

  static Tab paid(Tab tab, long... amounts) {
    Tab now = tab;
    for (long amount : amounts) {
      now = ok(now.accept(voucher(1, amount), Amount.ZERO).answer()).tab();
    }
    return now;
  }

  static Tab charged(Tab tab, long bytes) {
    StreamId stream = fresh(tab, NODE);
    Grant grant = ok(tab.reserve(ask(stream, PER_BYTE, bytes)).answer());
    assertEquals(bytes, grant.granted());
    return grant.tab().settle(stream, bytes).answer();
  }

  static List<Long> amounts(Tab tab) {
    return tab.vouchers().stream()
        .map(voucher -> voucher.cumulative().baseUnits().longValueExact())
        .toList();
  }

  @Nested
  final class Accept {
    private Result<Acceptance> accept(Tab tab, long amount, long minDelta) {
      Step<Result<Acceptance>> step = tab.accept(voucher(1, amount), Amount.of(minDelta));
      if (step.answer() instanceof Result.Ok<Acceptance> ok
          && ok.value() instanceof Acceptance.Raised raised) {
        assertEquals(step.tab(), raised.tab());
      } else {
        assertNull(step.tab(), "an acceptance that raises nothing must keep the tab");
      }
      return step.answer();
    }

    private void assertRaised(long authorized, Result<Acceptance> result) {
      Acceptance.Raised raised = assertInstanceOf(Acceptance.Raised.class, ok(result));
      assertEquals(Amount.of(authorized), raised.tab().authorized());
    }

    @Test
    void accept_firstOfZero_isTaken() {
      assertRaised(0, accept(FRESH, 0, 10));
    }

    @Test
    void accept_firstBelowMinDelta_isTaken() {
      assertRaised(1, accept(FRESH, 1, 10));
    }

    @Test
    void accept_higher_raises() {
      assertRaised(150, accept(paid(FRESH, 100), 150, 50));
    }

    @Test
    void accept_equalOrLower_isStale() {
      Tab tab = paid(FRESH, 0, 100);
      for (long amount : new long[] {0, 1, 99, 100}) {
        Acceptance answer = ok(accept(tab, amount, 0));
        assertEquals(new Acceptance.Stale(tab), answer);
      }
      assertInstanceOf(Acceptance.Stale.class, ok(accept(paid(FRESH, 0), 0, 0)));
    }

    @Test
    void accept_aboveDeposit_isRefused() {
      var expected = new Refusal.AmountExceedsDeposit(Amount.of(1_001), Amount.of(1_000));
      assertEquals(expected, refusal(accept(FRESH, 1_001, 0)));
      assertEquals(expected, refusal(accept(paid(FRESH, 5), 1_001, 5_000)));
    }

    @Test
    void accept_deltaTooSmall_isRefused() {
      assertEquals(
          new Refusal.DeltaTooSmall(Amount.of(9), Amount.of(10)),
          refusal(accept(paid(FRESH, 100), 109, 10)));
    }

    @Test
    void accept_exactDepositBelowMinDelta_isTaken() {
      assertRaised(1_000, accept(paid(FRESH, 999), 1_000, 10));
    }

    @Test
    void accept_manyAheadOfSpending_keepsTheSmallestAndTheBest() {
      Tab tab = paid(FRESH, IntStream.rangeClosed(1, 40).asLongStream().toArray());
      assertEquals(Tab.MAX_VOUCHERS, tab.vouchers().size());
      assertEquals(1, amounts(tab).get(0));
      assertEquals(Amount.of(40), tab.authorized());
    }

    @Test
    void accept_manyAsTheyAreSpent_keepsTheNewest() {
      Tab tab = FRESH;
      for (int i = 1; i <= 40; i++) {
        tab = charged(paid(tab, i), 1);
      }
      assertEquals(IntStream.rangeClosed(9, 40).asLongStream().boxed().toList(), amounts(tab));
      assertEquals(Amount.of(40), requireNonNull(tab.redeemable()).cumulative());
    }

    @Test
    void accept_fullAndSpentInBetween_keepsTheOneThatCovers() {
      Tab tab = paid(FRESH, IntStream.rangeClosed(1, 32).asLongStream().map(i -> 10 * i).toArray());
      tab = charged(tab, 15);
      tab = paid(tab, 330, 340, 350);
      assertEquals(Amount.of(20), requireNonNull(tab.redeemable()).cumulative());
      assertEquals(Amount.of(350), tab.authorized());
    }
  }

  @Nested
  final class Reserve {
    private Grant reserve(Tab tab, Tariff tariff, long quanta, long credit) {
      Step<Result<Grant>> step =
          tab.reserve(new Ask(fresh(tab, NODE), tariff, 0, quanta, 0, Amount.of(credit)));
      Grant grant = ok(step.answer());
      assertEquals(grant.tab(), step.tab());
      return grant;
    }

    @Test
    void reserve_covered_isChargedInFull() {
      Grant grant = reserve(paid(FRESH, 100), PER_BYTE, 60, 0);
      assertEquals(60, grant.granted());
      assertEquals(40, grant.headroom());
      assertEquals(Amount.of(60), grant.tab().spent());
    }

    @Test
    void reserve_moreThanCovered_isGrantedInPart() {
      Grant grant = reserve(charged(paid(FRESH, 100), 60), PER_BYTE, 60, 0);
      assertEquals(40, grant.granted());
      assertEquals(0, grant.headroom());
    }

    @Test
    void reserve_nothingLeft_grantsNothingAndSaysThatSomebodyWaits() {
      Tab tab = charged(paid(FRESH, 100), 100);
      Grant grant = reserve(tab, PER_BYTE, 1, 0);
      assertEquals(0, grant.granted());
      assertEquals(0, grant.headroom());
      assertEquals(tab.bill(), grant.tab().bill());
      assertEquals(List.of(new Reservation(stream(1), PER_BYTE, 0, 0)), grant.tab().reservations());
    }

    @Test
    void reserve_ofNothing_tellsTheHeadroom() {
      Tab tab = paid(FRESH, 100);
      assertEquals(100, reserve(tab, PER_BYTE, 0, 0).headroom());
    }

    @Test
    void reserve_withCredit_goesBeyondAuthorized() {
      assertEquals(130, reserve(paid(FRESH, 100), PER_BYTE, 500, 30).granted());
      assertEquals(30, reserve(FRESH, PER_BYTE, 500, 30).granted());
    }

    @Test
    void reserve_severalTariffs_shareWhatIsAuthorized() {
      Tab tab = charged(paid(FRESH, 100), 50);
      Grant grant = reserve(tab, PER_KIB, Long.MAX_VALUE, 0);
      assertEquals(50 * 1_024 / 7, grant.granted());
      assertEquals(Amount.of(100), grant.tab().spent());
    }

    @Test
    void reserve_depositLoweredByReorg_isBoundByTheDeposit() {
      Tab tab = paid(FRESH, 100).observe(seen(70, 0, 0, false)).answer();
      assertEquals(70, reserve(tab, PER_BYTE, 500, 0).granted());
      Tab deep = charged(paid(FRESH, 100), 90).observe(seen(70, 0, 0, false)).answer();
      assertEquals(0, reserve(deep, PER_BYTE, 500, 0).granted());
    }

    @Test
    void reserve_tooManyTariffs_isRefused() {
      Tab tab = paid(FRESH, DEPOSIT);
      for (int i = 1; i <= Bill.MAX_LINES; i++) {
        tab = reserve(tab, new Tariff(Amount.of(i), TariffUnit.GIB), 1, 0).tab();
      }
      Step<Result<Grant>> step = tab.reserve(ask(fresh(tab, NODE), PER_BYTE, 1));
      assertEquals(new Refusal.TooManyTariffs(), refusal(step.answer()));
      assertNull(step.tab());
      assertEquals(1, reserve(tab, new Tariff(Amount.of(1), TariffUnit.GIB), 1, 0).granted());
    }

    @Test
    void reserve_hugeAmounts_doesNotOverflow() {
      Channel whale = channel(1, Amount.MAX, Amount.ZERO, 0, false);
      Tab tab = ok(Tab.of(whale).accept(voucher(1, Amount.MAX), Amount.ZERO).answer()).tab();
      Grant grant = reserve(tab, PER_KIB, Long.MAX_VALUE, 7);
      assertEquals(Long.MAX_VALUE, grant.granted());
      assertEquals(0, reserve(grant.tab(), PER_KIB, Long.MAX_VALUE, 0).granted());
    }
  }

  @Nested
  final class Settle {
    private final Tab reserved =
        ok(paid(FRESH, 100).reserve(ask(stream(1), PER_BYTE, 60)).answer()).tab();

    @Test
    void reserve_byTotals_raisesWhatTheStreamHas() {
      Grant grant =
          ok(reserved.reserve(new Ask(stream(1), PER_BYTE, 60, 90, 50, Amount.ZERO)).answer());
      assertEquals(90, grant.granted());
      assertEquals(10, grant.headroom());
      assertEquals(
          List.of(new Reservation(stream(1), PER_BYTE, 90, 50)), grant.tab().reservations());
    }

    @Test
    void reserve_askedForAgain_isNotChargedAgain() {
      Step<Result<Grant>> again = reserved.reserve(ask(stream(1), PER_BYTE, 60));
      assertNull(again.tab());
      assertEquals(new Grant(60, 40, reserved), ok(again.answer()));
    }

    @Test
    void settle_partUsed_takesTheRestOffTheBill() {
      Tab tab = reserved.settle(stream(1), 25).answer();
      assertEquals(Amount.of(25), tab.spent());
      assertEquals(List.of(), tab.reservations());
    }

    @Test
    void settle_again_changesNothing() {
      Tab tab = reserved.settle(stream(1), 25).answer();
      assertNull(tab.settle(stream(1), 25).tab());
      assertNull(tab.settle(stream(7), 3).tab());
    }

    @Test
    void reserve_afterTheStreamWasSettled_isRefused() {
      Tab tab = reserved.settle(stream(1), 25).answer();
      Step<Result<Grant>> late = tab.reserve(new Ask(stream(1), PER_BYTE, 60, 90, 25, Amount.ZERO));
      assertEquals(new Refusal.StreamEnded(stream(1)), refusal(late.answer()));
      assertNull(late.tab());
    }

    @Test
    void reserve_atAnotherTariff_isRefused() {
      Step<Result<Grant>> other = reserved.reserve(ask(stream(1), PER_KIB, 90));
      assertEquals(new Refusal.StreamEnded(stream(1)), refusal(other.answer()));
    }

    @Test
    void reserve_tooManyStreams_isRefused() {
      Tab tab = FRESH;
      for (int i = 1; i <= Tab.MAX_RESERVATIONS; i++) {
        tab = ok(tab.reserve(ask(stream(i), PER_BYTE, 1)).answer()).tab();
      }
      Step<Result<Grant>> more = tab.reserve(ask(stream(999), PER_BYTE, 1));
      assertEquals(new Refusal.TooManyStreams(Tab.MAX_RESERVATIONS), refusal(more.answer()));
    }

    @Test
    void recover_otherNode_keeps() {
      assertNull(reserved.recover(new NodeId("0x" + "ee".repeat(16))).tab());
    }

    @Test
    void accept_muchReservedAndUnused_keepsTheVoucherThatWillCoverWhatIsUsed() {
      Tab tab = paid(FRESH, IntStream.rangeClosed(1, 32).asLongStream().map(i -> 10 * i).toArray());
      tab = ok(tab.reserve(ask(stream(1), PER_BYTE, 300)).answer()).tab();
      tab = paid(tab, 330, 340, 350).settle(stream(1), 15).answer();
      assertEquals(Amount.of(20), requireNonNull(tab.redeemable()).cumulative());
    }

    @Test
    void ask_totalsOutOfOrder_throws() {
      assertThrows(IllegalArgumentException.class, () -> totals(10, 5, 0));
      assertThrows(IllegalArgumentException.class, () -> totals(5, 10, 6));
      assertThrows(IllegalArgumentException.class, () -> totals(5, 10, -1));
    }

    private static Ask totals(long granted, long wanted, long used) {
      return new Ask(stream(1), PER_BYTE, granted, wanted, used, Amount.ZERO);
    }
  }

  @Test
  void tab_moreReservedThanCharged_throws() {
    List<Reservation> held = List.of(new Reservation(stream(1), PER_BYTE, 6, 0));
    Bill bill = Bill.EMPTY.plus(PER_BYTE, 5);
    assertThrows(
        IllegalArgumentException.class,
        () -> new Tab(channel(1, 9), new Phase.Open(), Amount.ZERO, List.of(), bill, held, 0, 0));
  }

  @Test
  void tab_vouchersOutOfOrderForeignOrTooMany_throws() {
    assertThrows(IllegalArgumentException.class, () -> with(voucher(1, 2), voucher(1, 1)));
    assertThrows(IllegalArgumentException.class, () -> with(voucher(1, 2), voucher(1, 2)));
    assertThrows(IllegalArgumentException.class, () -> with(voucher(2, 1)));
    Voucher[] many =
        IntStream.rangeClosed(0, Tab.MAX_VOUCHERS)
            .mapToObj(i -> voucher(1, i))
            .toArray(Voucher[]::new);
    assertThrows(IllegalArgumentException.class, () -> with(many));
  }

  private static Tab with(Voucher... vouchers) {
    return new Tab(
        channel(1, 5),
        new Phase.Open(),
        Amount.ZERO,
        List.of(vouchers),
        Bill.EMPTY,
        List.of(),
        0,
        0);
  }

  @Test
  void at_payerSeenAgainWithinAMinute_changesNothing() {
    Tab seen = FRESH.at(1_000, true);
    assertEquals(1_000, seen.seenAt());
    assertSame(seen, seen.at(1_000 + Tab.SEEN_RESOLUTION - 1, true));
    assertSame(seen, seen.at(9_000, false));
    assertEquals(9_000, seen.at(9_000, true).seenAt());
  }

  @Test
  void at_somethingIsOwed_remembersSinceWhenUntilItIsPaidOut() {
    Tab owing = charged(paid(FRESH, 5), 3).at(1_000, true);
    assertEquals(Amount.of(3), owing.owed());
    assertEquals(1_000, owing.owedSince());
    assertEquals(1_000, owing.at(2_000, false).owedSince());
    Channel settled = channel(1, owing.channel().deposit(), Amount.of(3), 0, false);
    Tab even = owing.observe(settled).answer().at(3_000, false);
    assertEquals(Amount.ZERO, even.owed());
    assertEquals(0, even.owedSince());
  }

  @Test
  void owed_moreAuthorizedThanSpent_isWhatIsSpent() {
    assertEquals(Amount.ZERO, paid(FRESH, 5).owed());
    assertEquals(0, paid(FRESH, 5).at(1_000, true).owedSince());
  }

  @Test
  void redeemed_receiptOfANewerAndAnOlderBlock_changesOnlyWhatWasRedeemed() {
    Tab tab = charged(paid(FRESH, 500), 400).observe(seen(DEPOSIT, 100, 77, false)).answer();
    Tab newer = tab.redeemed(seen(DEPOSIT + 9_000, 500, 0, false)).answer();
    assertEquals(seen(DEPOSIT, 500, 77, false), newer.channel());
    Tab older = newer.redeemed(seen(DEPOSIT, 300, 0, false)).answer();
    assertEquals(newer, older);
    Tab ended = newer.redeemed(seen(DEPOSIT, 500, 0, true)).answer();
    assertInstanceOf(Phase.Closed.class, ended.phase());
  }

  @Test
  void redeemable_depositNotFinal_isTheVoucherThatTheNewestBlockCovers() {
    Tab tab = charged(paid(FRESH, 500, 900), 800).observe(seen(0, 0, 0, false)).answer();
    assertNull(tab.redeemable());
    assertEquals(voucher(1, 900), tab.redeemable(seen(DEPOSIT, 0, 77, false)));
  }

  @Test
  void tab_timeBelowZero_throws() {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new Tab(
                FRESH.channel(),
                new Phase.Open(),
                Amount.ZERO,
                List.of(),
                Bill.EMPTY,
                List.of(),
                0,
                -1));
  }

  @Test
  void tab_printed_hidesSignatures() {
    String secret = voucher(1, 77).signature().hex().substring(2);
    assertTrue(!paid(FRESH, 77).toString().contains(secret));
    assertEquals(id(1), FRESH.id());
  }
}
