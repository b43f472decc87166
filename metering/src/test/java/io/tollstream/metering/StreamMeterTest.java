package io.tollstream.metering;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.metering.MeterAction.Cut;
import io.tollstream.metering.MeterAction.Demand;
import io.tollstream.metering.MeterAction.Hold;
import io.tollstream.metering.MeterAction.Reserve;
import io.tollstream.metering.MeterAction.Resume;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The meter on a byte tariff: chunks of 100, 150, 225, 338, 400; a window of four; 8 s and 30 s.
 */
class StreamMeterTest {
  private static final Tariff TARIFF = new Tariff(Amount.of(1), TariffUnit.BYTE);
  private static final MeterPolicy POLICY = new MeterPolicy(100, 400, 4, 8_000, 30_000);
  private static final long PLENTY = 1_000_000;
  private static final long NONE = 0;

  private final StreamMeter meter = new StreamMeter(TARIFF, POLICY);

  // The start

  @Test
  void bodyStarts_firstChunk_isReserved() {
    meter.start(1_000, 0);
    assertWishes(new Reserve(100));
    assertEquals(0, meter.take(1_000, 0));
    assertWishes();
  }

  @Test
  void bodyShorterThanChunk_reservation_isTheBody() {
    meter.start(7, 0);
    assertWishes(new Reserve(7));
    meter.granted(7, NONE, 0);
    assertEquals(7, meter.take(7, 0));
    meter.end();
    assertWishes();
  }

  @Test
  void emptyBody_start_reservesNothing() {
    meter.start(0, 0);
    meter.end();
    assertWishes();
  }

  @Test
  void lengthBelowZero_start_throws() {
    assertThrows(IllegalArgumentException.class, () -> meter.start(-1, 0));
  }

  @Test
  void startedTwice_start_throws() {
    meter.start(10, 0);
    assertThrows(IllegalStateException.class, () -> meter.start(10, 0));
  }

  @Test
  void endedBeforeItsStart_start_reservesNothing() {
    meter.end();
    meter.start(10, 0);
    assertWishes();
    assertEquals(0, meter.take(10, 0));
  }

  @Test
  void notStarted_take_throws() {
    assertThrows(IllegalStateException.class, () -> meter.take(10, 0));
  }

  // The flow

  @Test
  void chunkGranted_take_handsOverNoMore() {
    startWith(1_000, 100, PLENTY);
    assertEquals(100, meter.take(101, 0));
    assertEquals(100, meter.usedQuanta());
    assertEquals(0, meter.take(1, 0));
  }

  @Test
  void firstByteGoes_nextChunk_isReservedOnceAndLarger() {
    startWith(1_000, 100, PLENTY);
    assertEquals(1, meter.take(1, 0));
    assertEquals(1, meter.take(1, 0));
    assertWishes(new Reserve(150));
  }

  @Test
  void chunkGrantedNothingTaken_nextChunk_waitsForTheFirstByte() {
    startWith(1_000, 100, PLENTY);
    assertEquals(0, meter.take(0, 0));
    assertWishes();
  }

  @Test
  void chunksPaid_reservations_growByHalfUpToTheMost() {
    meter.start(StreamMeter.UNKNOWN_LENGTH, 0);
    long[] asked = new long[6];
    for (int i = 0; i < asked.length; i++) {
      asked[i] = ((Reserve) Wishes.of(meter).get(0)).quanta();
      meter.granted(asked[i], PLENTY, 0);
      meter.take(PLENTY, 0);
    }
    assertEquals(
        List.of(100L, 150L, 225L, 338L, 400L, 400L), Arrays.stream(asked).boxed().toList());
  }

  @Test
  void lastChunk_reservation_shrinksToTheBody() {
    startWith(130, 100, PLENTY);
    assertEquals(100, meter.take(130, 0));
    assertWishes(new Reserve(30));
    meter.granted(30, PLENTY, 0);
    assertEquals(30, meter.take(30, 0));
    meter.end();
    assertWishes();
  }

  @Test
  void bodyLongerThanAnnounced_restOfIt_isMeteredToo() {
    startWith(50, 50, PLENTY);
    assertEquals(50, meter.take(60, 0));
    assertWishes(new Reserve(150));
    meter.granted(150, PLENTY, 0);
    assertEquals(10, meter.take(10, 0));
    meter.end();
    assertWishes(new Reserve(225));
    assertEquals(60, meter.usedQuanta());
  }

  @Test
  void bodyAnnouncedEmpty_bytesOfIt_areMetered() {
    meter.start(0, 0);
    assertEquals(0, meter.take(10, 0));
    assertWishes(new Reserve(100));
  }

  @Test
  void readyBytesBelowZero_take_throws() {
    startWith(1_000, 100, PLENTY);
    assertEquals(10, meter.take(10, 0));
    assertThrows(IllegalArgumentException.class, () -> meter.take(-5, 0));
    assertEquals(10, meter.usedQuanta());
  }

  @Test
  void moreBytesReadyThanLongCounts_take_isWhatWasGranted() {
    meter.start(Long.MAX_VALUE - 1, 0);
    assertWishes(new Reserve(100));
    meter.granted(100, Long.MAX_VALUE, Long.MAX_VALUE);
    assertEquals(100, meter.take(Long.MAX_VALUE, Long.MAX_VALUE));
    assertWishes(new Reserve(150));
  }

  // Credit runs low

  @Test
  void halfAWindowLeft_granted_demandsNothing() {
    startWith(StreamMeter.UNKNOWN_LENGTH, 100, 300);
    assertWishes();
  }

  @Test
  void lessThanHalfAWindowLeft_granted_demandsAWindow() {
    startWith(StreamMeter.UNKNOWN_LENGTH, 100, 299);
    assertWishes(new Demand(600));
  }

  @Test
  void restOfBodyCovered_granted_demandsNothing() {
    startWith(150, 100, 50);
    assertWishes();
  }

  @Test
  void restOfBodyNotCovered_granted_demandsNoMoreThanIt() {
    startWith(150, 100, 49);
    assertWishes(new Demand(50));
  }

  @Test
  void partOfChunkGranted_flow_isThatPartThenHold() {
    startWith(1_000, 40, NONE);
    assertWishes(new Demand(400));
    assertFalse(meter.isHolding());
    assertEquals(40, meter.take(1_000, 5));
    assertWishes(new Hold());
    assertTrue(meter.isHolding());
    assertEquals(30_005, meter.holdDeadlineMillis());
  }

  @Test
  void partOfChunkGranted_nextChunk_doesNotGrow() {
    startWith(1_000, 40, NONE);
    meter.take(1_000, 0);
    Wishes.of(meter);
    meter.credited();
    assertWishes(new Reserve(100));
  }

  @Test
  void nothingGranted_start_demandsAndHolds() {
    startWith(1_000, 0, NONE);
    assertWishes(new Demand(400), new Hold());
    assertEquals(8_000, meter.holdDeadlineMillis());
  }

  @Test
  void creditUsedUpToTheByte_unknownLength_holdsOnlyWhenMoreComes() {
    startWith(StreamMeter.UNKNOWN_LENGTH, 100, NONE);
    assertEquals(100, meter.take(100, 0));
    assertWishes(new Demand(600), new Reserve(150));
    meter.granted(0, NONE, 0);
    assertWishes(new Demand(600));
    assertFalse(meter.isHolding(), "the body may end here, paid in full");
    assertEquals(0, meter.take(1, 3));
    assertWishes(new Hold());
    assertEquals(30_003, meter.holdDeadlineMillis());
  }

  @Test
  void creditUsedUpToTheByte_bytesStillToCome_holdsAtOnce() {
    startWith(1_000, 100, NONE);
    assertEquals(100, meter.take(100, 0));
    Wishes.of(meter);
    meter.granted(0, NONE, 0);
    assertWishes(new Demand(600), new Hold());
  }

  // Credit comes back

  @Test
  void creditedWhileHolding_reservation_isAskedThenResumes() {
    startWith(1_000, 0, NONE);
    Wishes.of(meter);
    meter.credited();
    assertWishes(new Reserve(100));
    assertTrue(meter.isHolding());
    meter.granted(100, PLENTY, 2);
    assertWishes(new Resume());
    assertFalse(meter.isHolding());
    assertEquals(100, meter.take(1_000, 2));
  }

  @Test
  void creditedWhileHolding_partOfChunk_resumesAndDemands() {
    startWith(1_000, 0, NONE);
    meter.credited();
    Wishes.of(meter);
    meter.granted(1, NONE, 2);
    assertWishes(new Resume(), new Demand(400));
    assertEquals(1, meter.take(1_000, 3));
    assertWishes(new Hold());
    assertEquals(30_003, meter.holdDeadlineMillis());
  }

  @Test
  void creditedWhileReserving_shortGrant_isAskedAgain() {
    meter.start(1_000, 0);
    meter.credited();
    Wishes.of(meter);
    meter.granted(0, NONE, 0);
    assertWishes(new Reserve(100));
    meter.granted(0, NONE, 0);
    assertWishes(new Demand(400), new Hold());
  }

  @Test
  void creditedWhileReserving_fullGrant_needsNoOther() {
    meter.start(1_000, 0);
    meter.credited();
    Wishes.of(meter);
    meter.granted(100, PLENTY, 0);
    assertWishes();
  }

  @Test
  void creditedForNothing_hold_keepsItsDeadline() {
    startWith(1_000, 0, NONE);
    meter.credited();
    Wishes.of(meter);
    meter.granted(0, NONE, 7_000);
    assertWishes(new Demand(400));
    assertEquals(8_000, meter.holdDeadlineMillis());
  }

  @Test
  void creditedWhileFlowing_nothing_happens() {
    startWith(1_000, 100, PLENTY);
    meter.credited();
    assertWishes();
  }

  @Test
  void creditedBeforeFirstByte_nextChunk_waitsForIt() {
    startWith(1_000, 40, NONE);
    Wishes.of(meter);
    meter.credited();
    assertWishes();
    assertEquals(1, meter.take(1, 0));
    assertWishes(new Reserve(100));
  }

  @Test
  void slowStreamCreditedOften_reservations_stayWithinTwoChunks() {
    startWith(StreamMeter.UNKNOWN_LENGTH, 100, PLENTY);
    meter.take(1, 0);
    Wishes.of(meter);
    meter.granted(60, NONE, 0);
    Wishes.of(meter);
    meter.credited();
    assertWishes();
    assertEquals(9, meter.take(9, 0));
    assertWishes();
    assertEquals(1, meter.take(1, 0));
    assertWishes(new Reserve(150));
  }

  // The ledger fails

  @Test
  void refused_stream_holds() {
    meter.start(1_000, 0);
    Wishes.of(meter);
    meter.refused(4);
    assertWishes(new Demand(400), new Hold());
    assertEquals(8_004, meter.holdDeadlineMillis());
  }

  @Test
  void refusedWithBytesGranted_stream_flowsThemFirst() {
    startWith(1_000, 100, PLENTY);
    meter.take(1, 0);
    Wishes.of(meter);
    meter.refused(0);
    assertFalse(meter.isHolding());
    assertEquals(99, meter.take(1_000, 0));
    assertTrue(meter.isHolding());
  }

  @Test
  void refusedOnce_tick_asksAgainAndDemandsNoMore() {
    meter.start(1_000, 0);
    meter.refused(0);
    Wishes.of(meter);
    meter.tick(1_000);
    assertWishes(new Reserve(100));
    meter.tick(1_500);
    assertWishes();
    meter.refused(2_000);
    assertWishes();
    assertEquals(8_000, meter.holdDeadlineMillis());
    meter.tick(3_000);
    assertWishes(new Reserve(100));
    meter.granted(100, PLENTY, 3_001);
    assertWishes(new Resume());
    meter.tick(4_000);
    assertWishes();
  }

  @Test
  void shortOfCredit_tick_asksNothing() {
    startWith(1_000, 0, NONE);
    Wishes.of(meter);
    meter.tick(1_000);
    assertWishes();
  }

  @Test
  void refusedWhileCredited_reservation_isAskedAgain() {
    meter.start(1_000, 0);
    meter.credited();
    Wishes.of(meter);
    meter.refused(0);
    assertWishes(new Reserve(100));
  }

  // The hold and its deadline

  @Test
  void holdBeforeFirstByte_tick_cutsAtItsDeadline() {
    startWith(1_000, 0, NONE);
    Wishes.of(meter);
    meter.tick(7_999);
    assertWishes();
    meter.tick(8_000);
    assertWishes(new Cut());
    assertTrue(meter.hasEnded());
    assertFalse(meter.isHolding());
    meter.tick(9_000);
    assertWishes();
  }

  @Test
  void holdAfterFirstByte_tick_cutsAtTheLongerDeadline() {
    startWith(1_000, 40, NONE);
    meter.take(1_000, 500);
    Wishes.of(meter);
    meter.tick(30_499);
    assertWishes();
    meter.tick(30_500);
    assertWishes(new Cut());
  }

  @Test
  void reservationUnderWayAtTheDeadline_tick_cutsAllTheSame() {
    startWith(1_000, 0, NONE);
    meter.credited();
    Wishes.of(meter);
    meter.tick(8_000);
    assertWishes(new Cut());
    meter.granted(100, PLENTY, 8_001);
    assertWishes();
    assertEquals(0, meter.usedQuanta());
  }

  @Test
  void notHolding_deadline_isNever() {
    startWith(1_000, 100, PLENTY);
    assertEquals(Long.MAX_VALUE, meter.holdDeadlineMillis());
    meter.tick(Long.MAX_VALUE);
    assertWishes();
    meter.end();
    assertEquals(Long.MAX_VALUE, meter.holdDeadlineMillis());
  }

  @Test
  void clockJumpsBackDuringHold_cut_isNoLaterThanAHoldAfterTheJump() {
    startWith(1_000, 0, NONE);
    Wishes.of(meter);
    meter.tick(-3_600_000);
    meter.tick(-3_600_000 + 7_999);
    assertWishes();
    meter.tick(-3_600_000 + 8_000);
    assertWishes(new Cut());
  }

  // The end

  @Test
  void endedMidChunk_rest_isNotUsed() {
    startWith(1_000, 100, PLENTY);
    meter.take(30, 0);
    Wishes.of(meter);
    meter.end();
    meter.end();
    assertWishes();
    assertEquals(30, meter.usedQuanta());
    assertEquals(0, meter.take(10, 0));
  }

  @Test
  void endedWhileReserving_grant_isNotUsed() {
    startWith(1_000, 100, PLENTY);
    meter.take(30, 0);
    Wishes.of(meter);
    meter.end();
    meter.granted(150, PLENTY, 0);
    assertWishes();
    assertEquals(30, meter.usedQuanta());
  }

  @Test
  void endedWhileReserving_refusal_isQuiet() {
    meter.start(1_000, 0);
    Wishes.of(meter);
    meter.end();
    meter.refused(0);
    meter.credited();
    meter.tick(PLENTY);
    assertWishes();
  }

  @Test
  void endedWhileHolding_nothing_isCut() {
    startWith(1_000, 0, NONE);
    Wishes.of(meter);
    meter.end();
    meter.tick(PLENTY);
    meter.credited();
    assertWishes();
    assertFalse(meter.isHolding());
  }

  // Answers nobody asked for

  @Test
  void nothingAsked_answers_throw() {
    assertThrows(IllegalStateException.class, () -> meter.granted(0, NONE, 0));
    assertThrows(IllegalStateException.class, () -> meter.refused(0));
  }

  @Test
  void impossibleGrant_granted_throwsAndChangesNothing() {
    meter.start(1_000, 0);
    assertThrows(IllegalStateException.class, () -> meter.granted(101, NONE, 0));
    assertThrows(IllegalArgumentException.class, () -> meter.granted(-1, NONE, 0));
    assertThrows(IllegalArgumentException.class, () -> meter.granted(1, -1, 0));
    meter.granted(100, NONE, 0);
    assertEquals(100, meter.take(1_000, 0));
  }

  private void startWith(long bodyBytes, long granted, long headroom) {
    meter.start(bodyBytes, 0);
    Wishes.of(meter);
    meter.granted(granted, headroom, 0);
  }

  private void assertWishes(MeterAction... expected) {
    assertEquals(List.of(expected), Wishes.of(meter));
  }
}
