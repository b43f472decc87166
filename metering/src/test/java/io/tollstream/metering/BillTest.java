package io.tollstream.metering;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BillTest {
  private static final Tariff THREE_PER_KIB = new Tariff(Amount.of(3), TariffUnit.KIB);
  private static final Tariff TWO_PER_MINUTE = new Tariff(Amount.of(2), TariffUnit.MINUTE);
  private static final Tariff DEAREST = new Tariff(Amount.MAX, TariffUnit.BYTE);

  @Test
  void nothingCharged_total_isZero() {
    assertEquals(Amount.ZERO, Bill.EMPTY.total());
    assertEquals(0, Bill.EMPTY.quanta(THREE_PER_KIB));
  }

  @Test
  void manySmallCharges_total_isRoundedUpOnce() {
    Bill bill = Bill.EMPTY;
    for (int i = 0; i < 1024; i++) {
      bill = bill.plus(THREE_PER_KIB, 1);
    }
    assertEquals(Amount.of(3), bill.total());
  }

  @Test
  void twoTariffs_total_roundsEachLine() {
    Bill bill = Bill.EMPTY.plus(THREE_PER_KIB, 1).plus(TWO_PER_MINUTE, 1);
    assertEquals(Amount.of(2), bill.total());
  }

  @Test
  void everythingGivenBack_lines_areGone() {
    Bill bill = Bill.EMPTY.plus(THREE_PER_KIB, 5).minus(THREE_PER_KIB, 5);
    assertEquals(Bill.EMPTY, bill);
  }

  @Test
  void moreGivenBackThanCharged_minus_throws() {
    Bill bill = Bill.EMPTY.plus(THREE_PER_KIB, 5);
    assertThrows(IllegalArgumentException.class, () -> bill.minus(THREE_PER_KIB, 6));
    assertThrows(IllegalArgumentException.class, () -> bill.minus(TWO_PER_MINUTE, 1));
  }

  @Test
  void quantaBelowZero_everyTransition_throws() {
    Bill bill = Bill.EMPTY.plus(THREE_PER_KIB, 5);
    assertThrows(IllegalArgumentException.class, () -> bill.plus(THREE_PER_KIB, -1));
    assertThrows(IllegalArgumentException.class, () -> bill.minus(THREE_PER_KIB, -1));
    assertThrows(IllegalArgumentException.class, () -> bill.totalWith(THREE_PER_KIB, -1));
  }

  @Test
  void lineBeyondLong_plus_throws() {
    Bill bill = Bill.EMPTY.plus(THREE_PER_KIB, Long.MAX_VALUE);
    assertThrows(ArithmeticException.class, () -> bill.plus(THREE_PER_KIB, 1));
  }

  @Test
  void totalBeyondAmounts_construction_throws() {
    Bill full = Bill.EMPTY.plus(DEAREST, 1);
    assertEquals(Amount.MAX, full.total());
    assertThrows(ArithmeticException.class, () -> full.plus(DEAREST, 1));
    assertThrows(ArithmeticException.class, () -> full.plus(THREE_PER_KIB, 1));
    Map<Tariff, Long> lines = Map.of(DEAREST, 1L, THREE_PER_KIB, 1L);
    assertThrows(ArithmeticException.class, () -> new Bill(lines));
  }

  @Test
  void lineNotAboveZero_construction_throws() {
    Map<Tariff, Long> zero = Map.of(THREE_PER_KIB, 0L);
    Map<Tariff, Long> negative = Map.of(THREE_PER_KIB, -1L);
    assertThrows(IllegalArgumentException.class, () -> new Bill(zero));
    assertThrows(IllegalArgumentException.class, () -> new Bill(negative));
  }

  @Test
  void mapChangedAfterwards_bill_doesNot() {
    Map<Tariff, Long> lines = new HashMap<>(Map.of(THREE_PER_KIB, 1L));
    Bill bill = new Bill(lines);
    lines.put(THREE_PER_KIB, 99L);
    assertEquals(1, bill.quanta(THREE_PER_KIB));
    assertThrows(UnsupportedOperationException.class, () -> bill.lines().clear());
  }

  @Test
  void ceilingAboveTotal_affordable_isWhatRoundingLeavesToo() {
    // 1 byte costs 3/1024: the base unit it is rounded up to buys 341 bytes.
    Bill bill = Bill.EMPTY.plus(THREE_PER_KIB, 1);
    assertEquals(340, bill.affordable(THREE_PER_KIB, Amount.of(1)));
    assertEquals(1023, bill.affordable(THREE_PER_KIB, Amount.of(3)));
  }

  @Test
  void otherLinesCharged_affordable_leavesThemTheirCost() {
    Bill bill = Bill.EMPTY.plus(TWO_PER_MINUTE, 1);
    assertEquals(1024, bill.affordable(THREE_PER_KIB, Amount.of(4)));
    assertEquals(0, bill.affordable(THREE_PER_KIB, Amount.of(1)));
  }

  @Test
  void ceilingBelowTotal_affordable_isZero() {
    Bill bill = Bill.EMPTY.plus(THREE_PER_KIB, 2048).plus(TWO_PER_MINUTE, 60_000);
    assertEquals(0, bill.affordable(THREE_PER_KIB, Amount.of(7)));
    assertEquals(0, bill.affordable(THREE_PER_KIB, Amount.of(1)));
    assertEquals(0, bill.affordable(TWO_PER_MINUTE, Amount.ZERO));
  }

  @Test
  void lineNearLong_affordable_canBeAdded() {
    Bill bill = Bill.EMPTY.plus(THREE_PER_KIB, Long.MAX_VALUE - 7);
    assertEquals(7, bill.affordable(THREE_PER_KIB, Amount.MAX));
    assertEquals(Long.MAX_VALUE, bill.plus(THREE_PER_KIB, 7).quanta(THREE_PER_KIB));
  }

  @Test
  void billFull_anotherTariff_isNeitherAffordableNorAddable() {
    Bill bill = Bill.EMPTY;
    for (int price = 1; price <= Bill.MAX_LINES; price++) {
      assertFalse(bill.isFullFor(TWO_PER_MINUTE));
      bill = bill.plus(new Tariff(Amount.of(price), TariffUnit.BYTE), 1);
    }
    Bill full = bill;
    assertTrue(full.isFullFor(TWO_PER_MINUTE));
    assertEquals(0, full.affordable(TWO_PER_MINUTE, Amount.MAX));
    assertThrows(IllegalArgumentException.class, () -> full.plus(TWO_PER_MINUTE, 1));
    Tariff known = new Tariff(Amount.of(1), TariffUnit.BYTE);
    assertFalse(full.isFullFor(known));
    assertEquals(2, full.plus(known, 1).quanta(known));
  }

  @Test
  void moreQuanta_totalWith_isTheTotalAfterThem() {
    Bill bill = Bill.EMPTY.plus(THREE_PER_KIB, 1).plus(TWO_PER_MINUTE, 1);
    assertEquals(Amount.of(2), bill.totalWith(THREE_PER_KIB, 0));
    assertEquals(Amount.of(2), bill.totalWith(THREE_PER_KIB, 340));
    assertEquals(Amount.of(3), bill.totalWith(THREE_PER_KIB, 341));
  }

  @Test
  void quantaBeyondAmounts_totalWith_isTheMost() {
    assertEquals(Amount.MAX, Bill.EMPTY.totalWith(DEAREST, 2));
    assertEquals(Amount.MAX, Bill.EMPTY.plus(THREE_PER_KIB, 1).totalWith(DEAREST, 1));
  }

  @Test
  void quantaBeyondLong_totalWith_countsThem() {
    Tariff onePerByte = new Tariff(Amount.of(1), TariffUnit.BYTE);
    Bill bill = Bill.EMPTY.plus(onePerByte, Long.MAX_VALUE);
    assertEquals(bill.total().plus(Amount.of(9)), bill.totalWith(onePerByte, 9));
  }
}
