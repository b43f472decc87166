package io.tollstream.metering;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.metering.MeterAction.Cut;
import io.tollstream.metering.MeterAction.Demand;
import io.tollstream.metering.MeterAction.Hold;
import io.tollstream.metering.MeterAction.Reserve;
import io.tollstream.metering.MeterAction.Resume;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The meter on a time tariff, whose quanta are milliseconds. */
class TimedStreamMeterTest {
  private static final Tariff TARIFF = new Tariff(Amount.of(1), TariffUnit.SECOND);
  private static final MeterPolicy POLICY = new MeterPolicy(2_000, 9_000, 4, 8_000, 30_000);
  private static final long PLENTY = 1_000_000;
  private static final long NONE = 0;

  private StreamMeter meter = new StreamMeter(TARIFF, POLICY);

  @Test
  void firstBytes_cost_isOneMillisecond() {
    startWith(2_000, PLENTY);
    assertEquals(500, meter.take(500, 7_000));
    assertEquals(1, meter.usedQuanta());
  }

  @Test
  void bytesFlow_cost_isTheTimeBetweenThem() {
    startWith(2_000, PLENTY);
    meter.take(500, 100);
    assertEquals(9_999, meter.take(9_999, 340));
    assertEquals(500, meter.take(500, 340));
    assertEquals(241, meter.usedQuanta());
  }

  @Test
  void playerPauses_cost_isOneGap() {
    startWith(2_000, PLENTY);
    meter.take(500, 0);
    meter.take(500, 3_600_000);
    assertEquals(1 + StreamMeter.MAX_GAP_MILLIS, meter.usedQuanta());
  }

  @Test
  void clockJumpsBack_cost_isNothingThenGoesOn() {
    startWith(2_000, PLENTY);
    meter.take(500, 10_000);
    assertEquals(500, meter.take(500, 4_000));
    assertEquals(1, meter.usedQuanta());
    meter.take(500, 4_300);
    assertEquals(301, meter.usedQuanta());
  }

  @Test
  void clockAtItsEnds_gap_isBounded() {
    meter.start(StreamMeter.UNKNOWN_LENGTH, Long.MIN_VALUE + 1);
    meter.granted(2_000, PLENTY, Long.MIN_VALUE + 1);
    meter.take(500, Long.MIN_VALUE + 1);
    meter.take(500, Long.MAX_VALUE);
    assertTrue(meter.usedQuanta() <= 1 + StreamMeter.MAX_GAP_MILLIS);
  }

  @Test
  void nothingReady_take_costsNothing() {
    startWith(2_000, PLENTY);
    assertEquals(0, meter.take(0, 500));
    assertEquals(0, meter.usedQuanta());
    meter.take(500, 1_000);
    assertEquals(0, meter.take(0, 1_900));
    assertEquals(1, meter.usedQuanta());
    meter.take(500, 2_000);
    assertEquals(1_001, meter.usedQuanta());
  }

  @Test
  void emptyBody_start_reservesNothing() {
    meter.start(0, 0);
    meter.end();
    assertWishes();
  }

  @Test
  void bodyAnnouncedEmpty_bytesOfIt_areMetered() {
    meter.start(0, 0);
    assertEquals(0, meter.take(10, 0));
    assertWishes(new Reserve(2_000));
  }

  @Test
  void gapBeyondWhatIsGranted_reservationUnderWay_isChargedOnceAndNotBefore() {
    startWith(2_000, PLENTY);
    meter.take(500, 0);
    meter.take(500, 900);
    meter.take(500, 1_800);
    assertWishes(new Reserve(3_000));
    assertEquals(0, meter.take(500, 2_100));
    assertEquals(1_801, meter.usedQuanta(), "nothing was handed over, so nothing is charged");
    meter.granted(3_000, PLENTY, 2_150);
    assertEquals(500, meter.take(500, 2_150));
    assertEquals(1_801 + 350, meter.usedQuanta());
  }

  @Test
  void gapBeyondWhatIsGranted_streamEnds_isNotCharged() {
    startWith(1_000, NONE);
    meter.take(500, 0);
    meter.take(500, 900);
    assertEquals(0, meter.take(500, 1_100));
    Wishes.of(meter);
    meter.end();
    assertWishes();
    assertEquals(901, meter.usedQuanta());
  }

  @Test
  void gapBeyondTheCredit_stream_holdsWithTheRestUnused() {
    startWith(1_000, NONE);
    meter.take(500, 0);
    meter.take(500, 900);
    Wishes.of(meter);
    assertEquals(0, meter.take(500, 1_100));
    assertWishes(new Hold());
    assertEquals(31_100, meter.holdDeadlineMillis());
    meter.tick(31_099);
    assertWishes();
    meter.tick(31_100);
    assertWishes(new Cut());
    assertEquals(901, meter.usedQuanta());
  }

  @Test
  void held_resumed_theHoldItselfIsFree() {
    startWith(1_000, NONE);
    meter.take(500, 0);
    meter.take(500, 900);
    meter.take(500, 1_100);
    meter.credited();
    Wishes.of(meter);
    meter.granted(2_000, PLENTY, 20_000);
    assertWishes(new Resume());
    assertEquals(500, meter.take(500, 20_030));
    assertEquals(901 + 200 + 30, meter.usedQuanta());
  }

  @Test
  void creditDripsBelowTheGap_hold_goesOnToItsDeadline() {
    startWith(1_000, NONE);
    meter.take(500, 0);
    meter.take(500, 900);
    meter.take(500, 1_400);
    meter.credited();
    Wishes.of(meter);
    meter.granted(100, NONE, 20_000);
    assertWishes(new Demand(8_000));
    assertTrue(meter.isHolding());
    assertEquals(31_400, meter.holdDeadlineMillis());
    meter.credited();
    Wishes.of(meter);
    meter.granted(301, NONE, 25_000);
    assertWishes(new Resume(), new Demand(8_000));
    assertEquals(500, meter.take(500, 25_000));
    assertEquals(1_401, meter.usedQuanta());
  }

  @Test
  void chunkShorterThanTheGap_reservation_coversTheGap() {
    meter = new StreamMeter(TARIFF, new MeterPolicy(1, 10, 2, 0, 30_000));
    startWith(1, PLENTY);
    assertEquals(500, meter.take(500, 0));
    assertWishes(new Reserve(2));
    meter.granted(2, PLENTY, 0);
    assertEquals(0, meter.take(500, 5_000));
    assertWishes(new Reserve(998));
    meter.granted(998, PLENTY, 5_010);
    assertEquals(500, meter.take(500, 5_010));
    assertEquals(1_001, meter.usedQuanta());
  }

  @Test
  void chunkShorterThanTheGap_demand_coversTheGap() {
    meter = new StreamMeter(TARIFF, new MeterPolicy(1, 1, 2, 0, 30_000));
    startWith(1, PLENTY);
    meter.take(500, 0);
    Wishes.of(meter);
    meter.granted(0, NONE, 0);
    assertWishes(new Demand(2));
    assertEquals(0, meter.take(500, 700));
    assertWishes(new Hold());
    meter.credited();
    assertWishes(new Reserve(700));
    meter.granted(0, NONE, 800);
    assertWishes(new Demand(700));
  }

  @Test
  void creditUsedUp_noBytesReady_doesNotHold() {
    startWith(1_000, NONE);
    meter.take(500, 0);
    meter.take(500, 999);
    assertEquals(1_000, meter.usedQuanta());
    assertFalse(meter.isHolding(), "the body may end here, paid in full");
    Wishes.of(meter);
    assertEquals(0, meter.take(500, 999));
    assertWishes(new Hold());
  }

  private void startWith(long granted, long headroom) {
    meter.start(1L << 30, 0);
    Wishes.of(meter);
    meter.granted(granted, headroom, 0);
  }

  private void assertWishes(MeterAction... expected) {
    assertEquals(List.of(expected), Wishes.of(meter));
  }
}
