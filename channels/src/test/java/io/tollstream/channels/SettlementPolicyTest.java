package io.tollstream.channels;

import static io.tollstream.channels.Samples.PER_BYTE;
import static io.tollstream.channels.Samples.ask;
import static io.tollstream.channels.Samples.channel;
import static io.tollstream.channels.Samples.ok;
import static io.tollstream.channels.Samples.stream;
import static io.tollstream.channels.Samples.voucher;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tollstream.channels.SettlementPolicy.Due;
import io.tollstream.metering.Amount;
import java.time.Duration;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SettlementPolicyTest {
  private static final Address TOKEN = channel(1, 1_000).token();

  /** Two coins are worth one base unit of the token. */
  private static final Map<Address, Amount> PRICES =
      Map.of(TOKEN, new Amount(SettlementPolicy.COIN.shiftRight(1)));

  private static final SettlementPolicy POLICY =
      new SettlementPolicy(10, 2, Duration.ofHours(1), null, null, PRICES);

  private static Tab owing(long owed) {
    Tab paid = ok(Tab.of(channel(1, 1_000)).accept(voucher(1, 900), Amount.ZERO).answer()).tab();
    if (owed == 0) {
      return paid.at(100, true);
    }
    Tab charged = ok(paid.reserve(ask(stream(1), PER_BYTE, owed)).answer()).tab();
    return charged.settle(stream(1), owed).answer().at(100, true);
  }

  private static Due due(SettlementPolicy policy, Tab tab, long now) {
    return policy.due(tab, now, Amount.of(20), false);
  }

  @ParameterizedTest
  @CsvSource({"0, NOTHING", "9, NOTHING", "99, NOTHING", "100, SETTLE", "900, SETTLE"})
  void due_byValue_isOnceItIsWorthManyTimesTheGas(long owed, Due due) {
    assertEquals(due, due(POLICY, owing(owed), 100));
  }

  @ParameterizedTest
  @CsvSource({"19, NOTHING", "20, SETTLE"})
  void due_contractSigns_isSooner(long owed, Due due) {
    assertEquals(due, POLICY.due(owing(owed), 100, Amount.of(20), true));
  }

  @ParameterizedTest
  @CsvSource({"10, 3699, NOTHING", "10, 3700, SETTLE", "9, 99999, NOTHING", "0, 99999, NOTHING"})
  void due_byAge_isIfItIsWorthItsGas(long owed, long now, Due due) {
    assertEquals(due, due(POLICY, owing(owed), now));
  }

  @ParameterizedTest
  @CsvSource({"49, NOTHING", "50, SETTLE"})
  void due_overTheLimit_isWhateverTheMultiple(long owed, Due due) {
    SettlementPolicy limited =
        new SettlementPolicy(10, 2, Duration.ofHours(1), Amount.of(50), null, PRICES);
    assertEquals(due, due(limited, owing(owed), 100));
  }

  @Test
  void due_noPriceOfTheToken_isByAgeAndLimitOnly() {
    SettlementPolicy unpriced =
        new SettlementPolicy(10, 2, Duration.ofHours(1), Amount.of(500), null, Map.of());
    assertEquals(Due.NOTHING, due(unpriced, owing(499), 100));
    assertEquals(Due.SETTLE, due(unpriced, owing(500), 100));
    assertEquals(Due.SETTLE, due(unpriced, owing(1), 3_700));
  }

  @Test
  void due_payerGoneForLong_closes() {
    SettlementPolicy closing =
        new SettlementPolicy(10, 2, Duration.ofHours(1), null, Duration.ofMinutes(5), PRICES);
    assertEquals(Due.NOTHING, due(closing, owing(10), 399));
    assertEquals(Due.CLOSE, due(closing, owing(10), 400));
    assertEquals(Due.NOTHING, due(closing, owing(9), 400));
    Tab streaming = ok(owing(10).reserve(ask(stream(2), PER_BYTE, 1)).answer()).tab();
    assertEquals(Due.NOTHING, due(closing, streaming, 400));
  }

  @Test
  void due_tabNotOpen_isNothing() {
    Tab closing = ok(owing(900).beginClose(null).answer());
    assertEquals(Due.NOTHING, due(POLICY, closing, 99_999));
  }

  @Test
  void inToken_roundsUpAndSaturates() {
    assertEquals(Amount.of(2), POLICY.inToken(Amount.of(3), TOKEN));
    assertEquals(Amount.of(3), POLICY.inToken(Amount.of(3), Address.ZERO));
    assertNull(SettlementPolicy.DEFAULT.inToken(Amount.of(3), TOKEN));
    SettlementPolicy dear =
        new SettlementPolicy(1, 1, Duration.ofHours(1), null, null, Map.of(TOKEN, Amount.MAX));
    assertEquals(Amount.MAX, dear.inToken(Amount.MAX, TOKEN));
    assertEquals(Due.NOTHING, dear.due(owing(900), 100, Amount.MAX, false));
  }

  @Test
  void policy_outOfRange_throws() {
    Duration hour = Duration.ofHours(1);
    refused(() -> new SettlementPolicy(0, 1, hour, null, null, Map.of()));
    refused(() -> new SettlementPolicy(1, 0, hour, null, null, Map.of()));
    refused(() -> new SettlementPolicy(1, 1, Duration.ZERO, null, null, Map.of()));
    refused(() -> new SettlementPolicy(1, 1, hour, Amount.ZERO, null, Map.of()));
    refused(() -> new SettlementPolicy(1, 1, hour, null, Duration.ofSeconds(-1), Map.of()));
    refused(() -> new SettlementPolicy(1, 1, hour, null, null, Map.of(TOKEN, Amount.ZERO)));
  }

  private static void refused(Supplier<SettlementPolicy> policy) {
    assertThrows(IllegalArgumentException.class, policy::get);
  }
}
