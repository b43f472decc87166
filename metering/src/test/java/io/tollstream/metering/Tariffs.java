package io.tollstream.metering;

import java.math.BigInteger;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Any tariff and amount there can be, and what things cost, reckoned the long way. */
final class Tariffs {
  private Tariffs() {}

  static Arbitrary<Amount> amounts() {
    Arbitrary<BigInteger> any =
        Arbitraries.bigIntegers().between(BigInteger.ZERO, Amount.MAX.baseUnits());
    return Arbitraries.oneOf(any, Arbitraries.bigIntegers().between(BigInteger.ZERO, million()))
        .map(Amount::new);
  }

  static Arbitrary<Tariff> tariffs() {
    return tariffs(amounts(), Arbitraries.of(TariffUnit.values()));
  }

  static Arbitrary<Tariff> tariffs(Arbitrary<Amount> prices, Arbitrary<TariffUnit> units) {
    return Combinators.combine(prices.filter(price -> !price.isZero()), units).as(Tariff::new);
  }

  /**
   * The cost of the quanta of each tariff, every tariff rounded up once: the sum of the smallest
   * whole numbers not below quanta * price / unit.
   */
  static BigInteger exactCost(Map<Tariff, Long> lines) {
    BigInteger sum = BigInteger.ZERO;
    for (Map.Entry<Tariff, Long> line : lines.entrySet()) {
      BigInteger numerator =
          line.getKey().price().baseUnits().multiply(BigInteger.valueOf(line.getValue()));
      BigInteger denominator = BigInteger.valueOf(line.getKey().unit().quanta());
      sum = sum.add(numerator.add(denominator).subtract(BigInteger.ONE).divide(denominator));
    }
    return sum;
  }

  private static BigInteger million() {
    return BigInteger.valueOf(1_000_000);
  }
}
