package io.tollstream.metering;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigInteger;
import org.junit.jupiter.api.Test;

class TariffTest {
  private static final Tariff SEVEN_PER_KIB = new Tariff(Amount.of(7), TariffUnit.KIB);

  @Test
  void priceZero_construction_throws() {
    assertThrows(IllegalArgumentException.class, () -> new Tariff(Amount.ZERO, TariffUnit.GIB));
  }

  @Test
  void quantaBelowZero_cost_throws() {
    assertThrows(IllegalArgumentException.class, () -> SEVEN_PER_KIB.cost(-1));
  }

  @Test
  void partOfAUnit_cost_isRoundedUp() {
    assertEquals(Amount.ZERO, SEVEN_PER_KIB.cost(0));
    assertEquals(Amount.of(1), SEVEN_PER_KIB.cost(1));
    assertEquals(Amount.of(1), SEVEN_PER_KIB.cost(146));
    assertEquals(Amount.of(2), SEVEN_PER_KIB.cost(147));
    assertEquals(Amount.of(7), SEVEN_PER_KIB.cost(1024));
    assertEquals(Amount.of(8), SEVEN_PER_KIB.cost(1025));
  }

  @Test
  void budget_affordable_isTheLastQuantumWithinIt() {
    assertEquals(0, SEVEN_PER_KIB.affordable(Amount.ZERO));
    assertEquals(146, SEVEN_PER_KIB.affordable(Amount.of(1)));
    assertEquals(1024, SEVEN_PER_KIB.affordable(Amount.of(7)));
    assertEquals(
        0, new Tariff(Amount.of(7), TariffUnit.BYTE).affordable(Amount.of(6)), "dearer than all");
  }

  @Test
  void costBeyondAmounts_cost_throws() {
    Tariff dearest = new Tariff(Amount.MAX, TariffUnit.BYTE);
    assertEquals(Amount.MAX, dearest.cost(1));
    assertThrows(ArithmeticException.class, () -> dearest.cost(2));
  }

  @Test
  void largestQuanta_cost_isExact() {
    assertEquals(
        new Amount(BigInteger.ONE.shiftLeft(63).subtract(BigInteger.ONE)),
        new Tariff(Amount.of(1), TariffUnit.BYTE).cost(Long.MAX_VALUE));
  }

  @Test
  void moreThanLongCounts_affordable_isTheMostItDoes() {
    Tariff cheap = new Tariff(Amount.of(1), TariffUnit.TIB);
    assertEquals(Long.MAX_VALUE, cheap.affordable(Amount.MAX));
    assertEquals(Long.MAX_VALUE, cheap.affordable(Amount.of(1L << 23)));
    assertEquals(((1L << 23) - 1) << 40, cheap.affordable(Amount.of((1L << 23) - 1)));
  }
}
