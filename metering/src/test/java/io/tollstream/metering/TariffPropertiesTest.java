package io.tollstream.metering;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.Map;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.LongRange;

class TariffPropertiesTest {
  @Property
  void anyQuanta_cost_isTheExactFractionRoundedUp(
      @ForAll("tariffs") Tariff tariff, @ForAll @LongRange(min = 0) long quanta) {
    BigInteger exact = Tariffs.exactCost(Map.of(tariff, quanta));
    if (exact.bitLength() > 128) {
      assertThrows(ArithmeticException.class, () -> tariff.cost(quanta));
    } else {
      assertEquals(new Amount(exact), tariff.cost(quanta));
    }
  }

  /** Without division: a is affordable and a + 1 is not. */
  @Property
  void anyBudget_affordable_isTheLargestQuantityWithinIt(
      @ForAll("tariffs") Tariff tariff, @ForAll("amounts") Amount budget) {
    BigInteger price = tariff.price().baseUnits();
    BigInteger worth = budget.baseUnits().multiply(BigInteger.valueOf(tariff.unit().quanta()));
    long affordable = tariff.affordable(budget);
    BigInteger quanta = BigInteger.valueOf(affordable);
    assertTrue(quanta.multiply(price).compareTo(worth) <= 0);
    boolean nextIsTooDear = quanta.add(BigInteger.ONE).multiply(price).compareTo(worth) > 0;
    assertTrue(nextIsTooDear || affordable == Long.MAX_VALUE);
    assertTrue(tariff.cost(affordable).compareTo(budget) <= 0);
  }

  @Provide
  Arbitrary<Tariff> tariffs() {
    return Tariffs.tariffs();
  }

  @Provide
  Arbitrary<Amount> amounts() {
    return Tariffs.amounts();
  }
}
