package io.tollstream.metering;

import java.math.BigInteger;

/**
 * A price: {@code price} base units for each {@code unit}. The cost of a quantity is the exact
 * rational {@code quanta * price / unit.quanta()}; only the cost of a whole bill line is rounded,
 * up, once (see {@link Bill}).
 *
 * @param price base units of the token per unit, above zero
 * @param unit what is priced
 */
public record Tariff(Amount price, TariffUnit unit) {

  /**
   * @throws IllegalArgumentException if the price is zero: free content is a free path, not a
   *     tariff
   */
  public Tariff {
    if (price.isZero()) {
      throw new IllegalArgumentException("price must be above zero");
    }
  }

  /**
   * The cost of a quantity, rounded up to a whole base unit.
   *
   * @param quanta bytes or milliseconds, not negative
   * @throws ArithmeticException if the cost is above 2^128 - 1
   */
  public Amount cost(long quanta) {
    if (quanta < 0) {
      throw new IllegalArgumentException("quanta below zero: " + quanta);
    }
    return new Amount(baseUnits(BigInteger.valueOf(quanta)));
  }

  /** The cost of a quantity of any size, rounded up, in base units of any number. */
  BigInteger baseUnits(BigInteger quanta) {
    BigInteger[] parts =
        quanta.multiply(price.baseUnits()).divideAndRemainder(BigInteger.valueOf(unit.quanta()));
    return parts[1].signum() == 0 ? parts[0] : parts[0].add(BigInteger.ONE);
  }

  /**
   * The largest quantity whose cost is within the budget; {@link Long#MAX_VALUE} where it is more
   * than a {@code long} counts.
   */
  public long affordable(Amount budget) {
    BigInteger quanta =
        budget.baseUnits().multiply(BigInteger.valueOf(unit.quanta())).divide(price.baseUnits());
    return quanta.bitLength() > 63 ? Long.MAX_VALUE : quanta.longValue();
  }

  @Override
  public String toString() {
    return price + "/" + unit.label();
  }
}
