package io.tollstream.gateway;

import static io.tollstream.gateway.ConfigChecks.address;
import static io.tollstream.gateway.ConfigChecks.amount;
import static io.tollstream.gateway.ConfigChecks.check;

import com.fasterxml.jackson.annotation.JsonCreator;
import io.tollstream.channels.Address;
import io.tollstream.channels.SettlementPolicy;
import io.tollstream.metering.Amount;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * When what is owed on a chain is redeemed: {@code settlement} of a chain in the configuration.
 *
 * @param intervalSeconds the pause between two looks at all channels
 * @param onShutdown whether to settle whatever is worth its gas before the gateway stops
 */
record SettlementRule(SettlementPolicy policy, long intervalSeconds, boolean onShutdown) {
  private static final long DEFAULT_INTERVAL = 60;
  private static final long LONGEST_SECONDS = Duration.ofDays(366).toSeconds();
  private static final SettlementPolicy BASE = SettlementPolicy.DEFAULT;

  static final SettlementRule DEFAULT = new SettlementRule(BASE, DEFAULT_INTERVAL, false);

  @JsonCreator
  static SettlementRule parse(
      @Nullable Integer gasMultiple,
      @Nullable Integer contractGasMultiple,
      @Nullable Long maxAgeSeconds,
      @Nullable String maxOwed,
      @Nullable Long idleCloseSeconds,
      @Nullable Map<String, String> coinPrices,
      @Nullable Long intervalSeconds,
      @Nullable Boolean onShutdown) {
    long interval = intervalSeconds == null ? DEFAULT_INTERVAL : intervalSeconds;
    check(interval >= 1 && interval <= 86_400, "settlement.intervalSeconds", "must be 1 to 86400");
    SettlementPolicy policy =
        new SettlementPolicy(
            multiple(gasMultiple, BASE.gasMultiple(), "gasMultiple"),
            multiple(contractGasMultiple, BASE.contractGasMultiple(), "contractGasMultiple"),
            maxAgeSeconds == null ? BASE.maxAge() : seconds(maxAgeSeconds, "maxAgeSeconds"),
            maxOwed == null ? null : positive(maxOwed, "settlement.maxOwed"),
            idleCloseSeconds == null ? null : seconds(idleCloseSeconds, "idleCloseSeconds"),
            coinPrices == null ? Map.of() : prices(coinPrices));
    return new SettlementRule(policy, interval, Boolean.TRUE.equals(onShutdown));
  }

  private static int multiple(@Nullable Integer given, int otherwise, String key) {
    int multiple = given == null ? otherwise : given;
    check(multiple >= 1 && multiple <= 1_000_000, "settlement." + key, "must be 1 to 1000000");
    return multiple;
  }

  private static Duration seconds(long given, String key) {
    check(
        given >= 1 && given <= LONGEST_SECONDS,
        "settlement." + key,
        "must be 1 to " + LONGEST_SECONDS + ", a year");
    return Duration.ofSeconds(given);
  }

  private static Amount positive(String text, String field) {
    Amount amount = amount(text, field);
    check(!amount.isZero(), field, "must be above zero");
    return amount;
  }

  private static Map<Address, Amount> prices(Map<String, String> given) {
    check(
        given.size() <= SettlementPolicy.MAX_PRICES,
        "settlement.coinPrices",
        "at most " + SettlementPolicy.MAX_PRICES);
    Map<Address, Amount> prices = new HashMap<>();
    given.forEach(
        (token, price) -> {
          Address address = address(token, "settlement.coinPrices");
          check(
              !address.isZero(),
              "settlement.coinPrices",
              "the coin itself needs no price: leave it");
          prices.put(address, positive(price, "settlement.coinPrices." + address));
        });
    return prices;
  }
}
