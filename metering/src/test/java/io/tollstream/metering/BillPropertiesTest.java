package io.tollstream.metering;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

class BillPropertiesTest {
  private static final long TEBI = 1L << 40;

  @Property(edgeCases = EdgeCasesMode.NONE)
  void manyRequests_cost_isThatOfOneRequestOfTheirBytes(
      @ForAll("tariffs") Tariff tariff,
      @ForAll @Size(max = 50) List<@LongRange(min = 0, max = TEBI) Long> requests) {
    Bill bill = Bill.EMPTY;
    long sum = 0;
    for (long quanta : requests) {
      bill = bill.plus(tariff, quanta);
      sum += quanta;
    }
    assertEquals(tariff.cost(sum), bill.total());
    BigInteger exactly = tariff.price().baseUnits().multiply(BigInteger.valueOf(sum));
    BigInteger unit = BigInteger.valueOf(tariff.unit().quanta());
    BigInteger overcharge = bill.total().baseUnits().multiply(unit).subtract(exactly);
    assertTrue(overcharge.signum() >= 0 && overcharge.compareTo(unit) < 0, "below a base unit");
  }

  @Property(edgeCases = EdgeCasesMode.NONE)
  void anyLines_total_isTheSumOfTheirExactCosts(@ForAll("bills") Bill bill) {
    assertEquals(new Amount(Tariffs.exactCost(bill.lines())), bill.total());
  }

  @Property(edgeCases = EdgeCasesMode.NONE)
  void anyCeiling_affordable_fitsAndOneMoreDoesNot(
      @ForAll("bills") Bill bill,
      @ForAll("tariffs") Tariff tariff,
      @ForAll @LongRange(min = 0, max = 1_000_000) long above) {
    Amount ceiling = bill.total().plus(Amount.of(above));
    long affordable = bill.affordable(tariff, ceiling);
    Bill charged = bill.plus(tariff, affordable);
    assertTrue(charged.total().compareTo(ceiling) <= 0);
    assertTrue(
        charged.quanta(tariff) == Long.MAX_VALUE
            || charged.totalWith(tariff, 1).compareTo(ceiling) > 0);
  }

  @Property(edgeCases = EdgeCasesMode.NONE)
  void ceilingBelowTotal_affordable_isZero(
      @ForAll("bills") Bill bill,
      @ForAll("tariffs") Tariff tariff,
      @ForAll @LongRange(min = 1, max = 1_000_000) long below) {
    assertTrue(
        bill.total().compareTo(Amount.of(below)) < 0
            || bill.affordable(tariff, bill.total().minus(Amount.of(below))) == 0);
  }

  @Property(edgeCases = EdgeCasesMode.NONE)
  void chargedAndGivenBack_bill_isAsBefore(
      @ForAll("bills") Bill bill,
      @ForAll("tariffs") Tariff tariff,
      @ForAll @LongRange(min = 0, max = TEBI) long quanta) {
    Bill charged = bill.plus(tariff, quanta);
    assertEquals(charged.total(), bill.totalWith(tariff, quanta));
    assertEquals(bill, charged.minus(tariff, quanta));
  }

  @Provide
  Arbitrary<Tariff> tariffs() {
    Arbitrary<Amount> prices =
        Arbitraries.bigIntegers()
            .between(BigInteger.ONE, BigInteger.ONE.shiftLeft(70))
            .map(Amount::new);
    return Tariffs.tariffs(prices, Arbitraries.of(TariffUnit.values()));
  }

  @Provide
  Arbitrary<Bill> bills() {
    Arbitrary<Long> quanta = Arbitraries.longs().between(1, TEBI);
    Arbitrary<Map<Tariff, Long>> lines = Arbitraries.maps(tariffs(), quanta).ofMaxSize(8);
    return lines.map(Bill::new);
  }
}
