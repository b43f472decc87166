package io.tollstream.channels;

import static io.tollstream.channels.Samples.PER_BYTE;
import static io.tollstream.channels.Samples.ask;
import static io.tollstream.channels.Samples.channel;
import static io.tollstream.channels.Samples.ok;
import static io.tollstream.channels.Samples.stream;
import static io.tollstream.channels.Samples.voucher;
import static io.tollstream.channels.TabTest.charged;
import static io.tollstream.channels.TabTest.paid;
import static io.tollstream.channels.TabTest.seen;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.tollstream.channels.Reservation.Ask;
import io.tollstream.channels.Tab.Acceptance;
import io.tollstream.metering.Amount;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What a close is worth, and what an earlier close or settlement leaves. */
final class TabRedeemTest {
  private static final Tab FRESH = Tab.of(channel(1, 1_000));

  @Nested
  final class BroughtForward {
    private final Tab tab = Tab.of(seen(1_000, 400, 0, false));

    @Test
    void of_settledBefore_countsAsSpentAndAuthorized() {
      assertEquals(Amount.of(400), tab.spent());
      assertEquals(Amount.of(400), tab.authorized());
      assertNull(tab.redeemable());
    }

    @Test
    void reserve_onVouchersSettledBefore_grantsNothing() {
      for (long amount : new long[] {0, 399}) {
        Acceptance answer = ok(tab.accept(voucher(1, amount), Amount.ZERO).answer());
        assertInstanceOf(Acceptance.Stale.class, answer);
      }
      assertEquals(0, ok(tab.reserve(ask(stream(1), PER_BYTE, 1)).answer()).granted());
    }

    @Test
    void reserve_onAVoucherBeyondIt_grantsOnlyTheDifference() {
      Tab more = paid(tab, 450);
      assertEquals(50, ok(more.reserve(ask(stream(1), PER_BYTE, 500)).answer()).granted());
    }

    @Test
    void observe_settledWithOurVoucher_bringsNothingForward() {
      Tab next = charged(paid(FRESH, 100), 10).observe(seen(1_000, 100, 0, false)).answer();
      assertEquals(Amount.of(10), next.spent());
      assertNull(next.redeemable());
    }

    @Test
    void observe_settledBeyondOurVouchers_bringsTheRestForward() {
      Tab old = charged(paid(FRESH, 100), 80);
      Tab next = old.observe(seen(1_000, 300, 0, false)).answer();
      assertEquals(Amount.of(280), next.spent());
      Tab again = next.observe(seen(1_000, 0, 0, false)).answer();
      assertEquals(Amount.of(280), again.observe(seen(1_000, 300, 0, false)).answer().spent());
    }
  }

  @Nested
  final class Redeemable {
    private static void assertRedeems(long amount, Tab tab) {
      assertEquals(Amount.of(amount), requireNonNull(tab.redeemable()).cumulative());
    }

    @Test
    void redeemable_noVoucher_isNull() {
      assertNull(FRESH.redeemable());
      assertNull(paid(FRESH, 0).redeemable());
    }

    @Test
    void redeemable_severalVouchers_isTheSmallestThatCovers() {
      Tab tab = paid(FRESH, 10, 20, 30);
      assertRedeems(10, tab);
      assertRedeems(10, charged(tab, 10));
      assertRedeems(20, charged(tab, 11));
      assertRedeems(30, charged(tab, 30));
    }

    @Test
    void redeemable_spentOnCredit_isTheBest() {
      Tab tab = paid(FRESH, 10, 20);
      assertRedeems(
          20, ok(tab.reserve(new Ask(stream(1), PER_BYTE, 0, 25, 0, Amount.of(5))).answer()).tab());
    }

    @Test
    void redeemable_settledAsMuch_isNull() {
      Tab tab = charged(paid(FRESH, 10, 20), 5);
      assertNull(tab.observe(seen(1_000, 10, 0, false)).answer().redeemable());
      assertRedeems(20, charged(tab, 10).observe(seen(1_000, 10, 0, false)).answer());
    }

    @Test
    void redeemable_depositLoweredByReorg_isWithinIt() {
      Tab tab = charged(paid(FRESH, 10, 20, 30), 25);
      assertRedeems(20, tab.observe(seen(29, 0, 0, false)).answer());
      assertNull(tab.observe(seen(9, 0, 0, false)).answer().redeemable());
    }
  }
}
