package io.tollstream.channels;

import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * When a payee redeems what a channel owes it, or closes the channel. A payer that leaves by force
 * is not a matter of policy: it is redeemed in any case.
 *
 * @param gasMultiple settle once what is owed is worth so many times the gas, at least 1
 * @param contractGasMultiple as {@code gasMultiple}, where the vouchers' signer is a contract: it
 *     can disown what it signed
 * @param maxAge settle what has been owed for so long and is worth its gas
 * @param maxOwed settle whatever is owed from so many base units on, if it is worth its gas; null
 *     for no such limit
 * @param idle close a channel whose payer has been gone for so long and whose close is worth its
 *     gas; null for never
 * @param coinPrices base units of a token for 10^18 of the chain's coin, by token; where there is
 *     no price, only age and {@code maxOwed} decide
 */
public record SettlementPolicy(
    int gasMultiple,
    int contractGasMultiple,
    Duration maxAge,
    @Nullable Amount maxOwed,
    @Nullable Duration idle,
    Map<Address, Amount> coinPrices) {
  /** How many base units of a chain's coin its price is for. */
  public static final BigInteger COIN = BigInteger.TEN.pow(18);

  /** More tokens than a gateway sells for. */
  public static final int MAX_PRICES = 256;

  public static final SettlementPolicy DEFAULT =
      new SettlementPolicy(20, 2, Duration.ofDays(1), null, null, Map.of());

  /** What is to be done about a channel. */
  public enum Due {
    NOTHING,
    /** Redeem what is owed, and sell on. */
    SETTLE,
    /** Redeem what is owed; the rest of the deposit goes back to its payer. */
    CLOSE
  }

  /**
   * A policy.
   *
   * @throws IllegalArgumentException if a multiple is below 1, a duration or price not above zero,
   *     or the prices are too many
   */
  public SettlementPolicy {
    require(gasMultiple >= 1, "gasMultiple must be at least 1");
    require(contractGasMultiple >= 1, "contractGasMultiple must be at least 1");
    require(!maxAge.isNegative() && !maxAge.isZero(), "maxAge must be above zero");
    require(idle == null || (!idle.isNegative() && !idle.isZero()), "idle must be above zero");
    require(maxOwed == null || !maxOwed.isZero(), "maxOwed must be above zero");
    require(coinPrices.size() <= MAX_PRICES, "more than " + MAX_PRICES + " coinPrices");
    require(
        coinPrices.values().stream().noneMatch(Amount::isZero), "coinPrices must be above zero");
    coinPrices = Map.copyOf(coinPrices);
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }

  /** The same, without waiting for more: settles whatever is worth its gas. */
  public SettlementPolicy atOnce() {
    return new SettlementPolicy(1, 1, maxAge, Amount.of(1), null, coinPrices);
  }

  /**
   * What an amount of the chain's coin is worth in a token, rounded up; null where nobody has set a
   * price.
   *
   * @param token zero for the coin itself
   */
  public @Nullable Amount inToken(Amount coin, Address token) {
    if (token.isZero()) {
      return coin;
    }
    Amount price = coinPrices.get(token);
    if (price == null) {
      return null;
    }
    BigInteger[] worth = coin.baseUnits().multiply(price.baseUnits()).divideAndRemainder(COIN);
    BigInteger rounded = worth[0].add(BigInteger.valueOf(worth[1].signum()));
    return rounded.compareTo(Amount.MAX.baseUnits()) > 0 ? Amount.MAX : new Amount(rounded);
  }

  /**
   * What is due on a channel.
   *
   * @param now Unix seconds
   * @param gas what redeeming costs, in base units of the chain's coin
   * @param byContract whether a contract signs the channel's vouchers
   */
  public Due due(Tab tab, long now, Amount gas, boolean byContract) {
    if (!tab.isOpen() || tab.redeemable() == null || tab.owed().isZero()) {
      return Due.NOTHING;
    }
    Amount owed = tab.owed();
    Amount cost = inToken(gas, tab.channel().token());
    if (cost != null && cost.exceeds(owed)) {
      return Due.NOTHING;
    }
    if (isIdle(tab, now)) {
      return Due.CLOSE;
    }
    int multiple = byContract ? contractGasMultiple : gasMultiple;
    boolean worthIt = cost != null && !times(cost, multiple).exceeds(owed);
    boolean overLimit = maxOwed != null && !maxOwed.exceeds(owed);
    boolean old = tab.owedSince() > 0 && now - tab.owedSince() >= maxAge.toSeconds();
    return worthIt || overLimit || old ? Due.SETTLE : Due.NOTHING;
  }

  private boolean isIdle(Tab tab, long now) {
    return idle != null
        && tab.seenAt() > 0
        && tab.reservations().isEmpty()
        && now - tab.seenAt() >= idle.toSeconds();
  }

  private static Amount times(Amount amount, int multiple) {
    BigInteger product = amount.baseUnits().multiply(BigInteger.valueOf(multiple));
    return product.compareTo(Amount.MAX.baseUnits()) > 0 ? Amount.MAX : new Amount(product);
  }
}
