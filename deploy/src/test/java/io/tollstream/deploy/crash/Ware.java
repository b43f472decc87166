package io.tollstream.deploy.crash;

import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A route of the gateways under test, at a price of its own, so that every channel is billed at
 * several. Costs are computed here, not by the product.
 */
enum Ware {
  /** Ranges of one large body; the price of a byte is no whole number. */
  MEBIBYTES("/mib", 3_001, "MiB", 1 << 20, true),
  /** The same body at another price. */
  KIBIBYTES("/kib", 7, "KiB", 1 << 10, true),
  /** Bodies whose length no header tells, so that every end gives something back. */
  FLOW("/flow", 11_003, "MiB", 1 << 20, false);

  private static final List<Ware> ALL = List.of(values());

  private final String path;
  private final long price;
  private final String unit;
  private final long unitBytes;
  private final boolean lengthTold;

  Ware(String path, long price, String unit, long unitBytes, boolean lengthTold) {
    this.path = path;
    this.price = price;
    this.unit = unit;
    this.unitBytes = unitBytes;
    this.lengthTold = lengthTold;
  }

  static Ware any(Random random) {
    return ALL.get(random.nextInt(ALL.size()));
  }

  String path() {
    return path;
  }

  long price() {
    return price;
  }

  String unit() {
    return unit;
  }

  /** Whether responses have a length, and ranges. */
  boolean isLengthTold() {
    return lengthTold;
  }

  /** What these bytes cost by themselves: the exact product, rounded up to a whole base unit. */
  Amount cost(long bytes) {
    BigInteger[] parts =
        BigInteger.valueOf(bytes)
            .multiply(BigInteger.valueOf(price))
            .divideAndRemainder(BigInteger.valueOf(unitBytes));
    return new Amount(parts[1].signum() == 0 ? parts[0] : parts[0].add(BigInteger.ONE));
  }

  /** What a channel owes for these bytes of each ware: every ware rounded up once. */
  static Amount cost(Map<Ware, Long> bytes) {
    return bytes.entrySet().stream()
        .map(line -> line.getKey().cost(line.getValue()))
        .reduce(Amount.ZERO, Amount::plus);
  }
}
