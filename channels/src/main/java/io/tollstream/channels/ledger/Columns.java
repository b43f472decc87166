package io.tollstream.channels.ledger;

import io.tollstream.channels.Tab.Phase;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/** How values stand in columns: the encoding that the golden rows of the tests pin. */
final class Columns {
  private static final int AMOUNT_DIGITS = 39;
  private static final String ZEROS = "0".repeat(AMOUNT_DIGITS);

  private Columns() {}

  /** 39 digits, so that texts compare as their numbers do. */
  static String amount(Amount amount) {
    String digits = amount.toString();
    return ZEROS.substring(digits.length()) + digits;
  }

  static Amount amount(String digits) {
    return new Amount(new BigInteger(digits));
  }

  static Tariff tariff(String price, String unit) {
    return new Tariff(amount(price), TariffUnit.ofLabel(unit));
  }

  static String phase(Phase phase) {
    if (phase instanceof Phase.Open) {
      return "open";
    }
    if (phase instanceof Phase.Disputed) {
      return "disputed";
    }
    return phase instanceof Phase.Closing ? "closing" : "closed";
  }

  static @Nullable String redeem(Phase phase) {
    return phase instanceof Phase.Closing closing ? amount(closing.redeem()) : null;
  }

  static Phase phase(String name, @Nullable String redeem) {
    return switch (name) {
      case "open" -> new Phase.Open();
      case "disputed" -> new Phase.Disputed();
      case "closed" -> new Phase.Closed();
      case "closing" -> {
        if (redeem == null) {
          throw new IllegalArgumentException("a closing tab without the amount to redeem");
        }
        yield new Phase.Closing(amount(redeem));
      }
      default -> throw new IllegalArgumentException("no such phase: " + name);
    };
  }
}
