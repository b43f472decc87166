package io.tollstream.metering;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;

/**
 * What a tab has consumed: one line per tariff, each line the total quanta ever charged at it. The
 * total rounds every line up once, so a thousand requests cost what one request of the same bytes
 * costs. Immutable.
 *
 * @param lines quanta (bytes or milliseconds, above zero) by tariff
 */
public record Bill(Map<Tariff, Long> lines) {
  public static final Bill EMPTY = new Bill(Map.of());

  /** The most tariffs one tab can meet before its payer must open another channel. */
  public static final int MAX_LINES = 64;

  /**
   * @throws IllegalArgumentException if a line is not above zero or there are too many
   * @throws ArithmeticException if the lines' costs sum up to more than 2^128 - 1
   */
  public Bill {
    lines = Map.copyOf(lines);
    if (lines.size() > MAX_LINES) {
      throw new IllegalArgumentException("more than " + MAX_LINES + " tariffs on one tab");
    }
    for (long quanta : lines.values()) {
      if (quanta <= 0) {
        throw new IllegalArgumentException("a bill's line must be above zero: " + quanta);
      }
    }
    sum(lines);
  }

  /** The quanta charged at a tariff so far. */
  public long quanta(Tariff tariff) {
    return lines.getOrDefault(tariff, 0L);
  }

  /** The sum of the lines' costs, each line rounded up to a whole base unit. */
  public Amount total() {
    return sum(lines);
  }

  private static Amount sum(Map<Tariff, Long> lines) {
    Amount total = Amount.ZERO;
    for (Map.Entry<Tariff, Long> line : lines.entrySet()) {
      total = total.plus(line.getKey().cost(line.getValue()));
    }
    return total;
  }

  /** Whether a charge at this tariff needs a line that the bill has no room for. */
  public boolean isFullFor(Tariff tariff) {
    return lines.size() >= MAX_LINES && !lines.containsKey(tariff);
  }

  /**
   * The largest quantity that can be added at a tariff with the total staying within the ceiling;
   * zero where the total is above it already, or the bill {@link #isFullFor} the tariff.
   */
  public long affordable(Tariff tariff, Amount ceiling) {
    Amount elsewhere = totalBut(tariff);
    if (elsewhere.exceeds(ceiling) || isFullFor(tariff)) {
      return 0;
    }
    return Math.max(0, tariff.affordable(ceiling.minus(elsewhere)) - quanta(tariff));
  }

  /**
   * The total as it would be with {@code quanta} more at a tariff; 2^128 - 1 where it is above.
   *
   * @throws IllegalArgumentException if quanta is negative
   */
  public Amount totalWith(Tariff tariff, long quanta) {
    requireNotNegative(quanta);
    BigInteger line = BigInteger.valueOf(quanta(tariff)).add(BigInteger.valueOf(quanta));
    return Amount.orMax(totalBut(tariff).baseUnits().add(tariff.baseUnits(line)));
  }

  private Amount totalBut(Tariff tariff) {
    return total().minus(tariff.cost(quanta(tariff)));
  }

  /**
   * This bill with {@code quanta} more at a tariff.
   *
   * @throws ArithmeticException if the line no longer fits a {@code long} or the total an {@link
   *     Amount}
   * @throws IllegalArgumentException if the bill {@link #isFullFor} the tariff or quanta is
   *     negative
   */
  public Bill plus(Tariff tariff, long quanta) {
    requireNotNegative(quanta);
    return with(tariff, Math.addExact(quanta(tariff), quanta));
  }

  /**
   * This bill with {@code quanta} given back at a tariff.
   *
   * @throws IllegalArgumentException if more is given back than was charged, or quanta is negative
   */
  public Bill minus(Tariff tariff, long quanta) {
    long charged = quanta(tariff);
    if (quanta < 0 || quanta > charged) {
      throw new IllegalArgumentException(
          "cannot give back " + quanta + " of " + charged + " quanta at " + tariff);
    }
    return with(tariff, charged - quanta);
  }

  private static void requireNotNegative(long quanta) {
    if (quanta < 0) {
      throw new IllegalArgumentException("quanta below zero: " + quanta);
    }
  }

  private Bill with(Tariff tariff, long quanta) {
    Map<Tariff, Long> next = new HashMap<>(lines);
    if (quanta == 0) {
      next.remove(tariff);
    } else {
      next.put(tariff, quanta);
    }
    return new Bill(next);
  }
}
