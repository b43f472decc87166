package io.tollstream.channels.evm;

import java.math.BigInteger;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What transactions may cost, and when one that is not mined is sent again for more.
 *
 * @param replaceAfter how long a transaction may be the next in line before it is replaced
 * @param replacementPercent by how much a replacement offers more, at least; nodes want 10, those
 *     of Filecoin 25
 * @param maxGasPrice the most that a unit of gas may cost, in base units; null for any price; where
 *     a payer has requested the close, so many times that: {@link #URGENT_MULTIPLE}
 */
public record GasPolicy(
    Duration replaceAfter, int replacementPercent, @Nullable BigInteger maxGasPrice) {
  /** What is replaced for less more than this is not replaced anywhere. */
  public static final int MIN_PERCENT = 10;

  public static final int MAX_PERCENT = 1_000;

  /** What is urgent may cost so many times the most: late, it would lose what it is for. */
  static final int URGENT_MULTIPLE = 10;

  public static final GasPolicy DEFAULT = new GasPolicy(Duration.ofMinutes(3), 25, null);

  /**
   * A policy.
   *
   * @throws IllegalArgumentException if the time or the price is not above zero, or the percentage
   *     not from {@link #MIN_PERCENT} to {@link #MAX_PERCENT}
   */
  public GasPolicy {
    if (replaceAfter.isNegative() || replaceAfter.isZero()) {
      throw new IllegalArgumentException("replaceAfter must be above zero");
    }
    if (replacementPercent < MIN_PERCENT || replacementPercent > MAX_PERCENT) {
      throw new IllegalArgumentException(
          "replacementPercent must be from %d to %d".formatted(MIN_PERCENT, MAX_PERCENT));
    }
    if (maxGasPrice != null && maxGasPrice.signum() <= 0) {
      throw new IllegalArgumentException("maxGasPrice must be above zero");
    }
  }

  boolean isAbove(BigInteger price, boolean urgent) {
    return capped(price, urgent).compareTo(price) < 0;
  }

  BigInteger capped(BigInteger price, boolean urgent) {
    if (maxGasPrice == null) {
      return price;
    }
    return price.min(maxGasPrice.multiply(BigInteger.valueOf(urgent ? URGENT_MULTIPLE : 1)));
  }
}
