package io.tollstream.metering;

import java.math.BigInteger;

/**
 * A number of a token's base units, from 0 to 2^128 - 1: the range of the escrow's {@code uint128}
 * (draft-evm-session-00, "Numeric Values"). All arithmetic is exact; leaving the range throws.
 *
 * @param baseUnits the smallest indivisible units of the token
 */
public record Amount(BigInteger baseUnits) implements Comparable<Amount> {
  public static final Amount ZERO = new Amount(BigInteger.ZERO);

  /** 2^128 - 1. */
  public static final Amount MAX =
      new Amount(BigInteger.ONE.shiftLeft(128).subtract(BigInteger.ONE));

  /** The decimal digits of {@link #MAX}; a longer string is refused before it is parsed. */
  private static final int MAX_DIGITS = 39;

  /**
   * @throws ArithmeticException if {@code baseUnits} is negative or above 2^128 - 1
   */
  public Amount {
    if (baseUnits.signum() < 0) {
      throw new ArithmeticException("amount below zero: " + baseUnits);
    }
    if (baseUnits.bitLength() > 128) {
      throw new ArithmeticException("amount above 2^128 - 1: " + baseUnits);
    }
  }

  public static Amount of(long baseUnits) {
    return baseUnits == 0 ? ZERO : new Amount(BigInteger.valueOf(baseUnits));
  }

  /**
   * Reads a decimal string without sign, leading zeros or blanks, as amounts travel in JSON.
   *
   * @throws NumberFormatException if the text is anything else or above 2^128 - 1
   */
  public static Amount parse(String decimal) {
    if (decimal.isEmpty() || decimal.length() > MAX_DIGITS) {
      throw new NumberFormatException("not a decimal amount of at most 39 digits");
    }
    for (int i = 0; i < decimal.length(); i++) {
      if (decimal.charAt(i) < '0' || decimal.charAt(i) > '9') {
        throw new NumberFormatException("not a decimal amount: digit expected at " + i);
      }
    }
    if (decimal.length() > 1 && decimal.charAt(0) == '0') {
      throw new NumberFormatException("not a decimal amount: leading zero");
    }
    BigInteger value = new BigInteger(decimal);
    if (value.bitLength() > 128) {
      throw new NumberFormatException("amount above 2^128 - 1");
    }
    return new Amount(value);
  }

  /**
   * The sum.
   *
   * @throws ArithmeticException if the sum is above 2^128 - 1
   */
  public Amount plus(Amount other) {
    return new Amount(baseUnits.add(other.baseUnits));
  }

  /**
   * The difference.
   *
   * @throws ArithmeticException if {@code other} is the larger
   */
  public Amount minus(Amount other) {
    return new Amount(baseUnits.subtract(other.baseUnits));
  }

  /** This minus {@code other}, or zero where {@code other} is the larger. */
  public Amount minusOrZero(Amount other) {
    return compareTo(other) <= 0 ? ZERO : minus(other);
  }

  /** This plus {@code other}, or 2^128 - 1 where the sum is above it. */
  public Amount plusOrMax(Amount other) {
    return orMax(baseUnits.add(other.baseUnits));
  }

  /** An amount of this many base units, or 2^128 - 1 where there are more. */
  static Amount orMax(BigInteger baseUnits) {
    return baseUnits.bitLength() > 128 ? MAX : new Amount(baseUnits);
  }

  public Amount min(Amount other) {
    return compareTo(other) <= 0 ? this : other;
  }

  public Amount max(Amount other) {
    return compareTo(other) >= 0 ? this : other;
  }

  public boolean isZero() {
    return baseUnits.signum() == 0;
  }

  public boolean exceeds(Amount other) {
    return compareTo(other) > 0;
  }

  @Override
  public int compareTo(Amount other) {
    return baseUnits.compareTo(other.baseUnits);
  }

  /** The decimal form that travels in JSON and stands in the ledger. */
  @Override
  public String toString() {
    return baseUnits.toString();
  }
}
