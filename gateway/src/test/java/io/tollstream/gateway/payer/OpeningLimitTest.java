package io.tollstream.gateway.payer;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.metering.TariffUnit;
import org.junit.jupiter.api.Test;

class OpeningLimitTest {
  private final OpeningLimit limit = new OpeningLimit();

  private static ChannelKey key(int recipient) {
    return new ChannelKey(
        FakeWallet.ESCROW,
        new Address(String.format("0x%040x", recipient)),
        FakeWallet.TOKEN,
        TariffUnit.Kind.BYTES);
  }

  @Test
  void take_alike_endsAtFour() {
    for (int i = 0; i < OpeningLimit.MAX_ALIKE; i++) {
      assertTrue(limit.take(key(1), i));
    }
    assertFalse(limit.take(key(1), 10));
    assertTrue(limit.take(key(2), 10));
  }

  @Test
  void take_different_endsAtSixteen() {
    for (int i = 0; i < OpeningLimit.MAX_IN_ALL; i++) {
      assertTrue(limit.take(key(i), i));
    }
    assertFalse(limit.take(key(99), 20));
  }

  @Test
  void take_anHourLater_isGivenAgain() {
    for (int i = 0; i < OpeningLimit.MAX_ALIKE; i++) {
      limit.take(key(1), 0);
    }
    assertFalse(limit.take(key(1), OpeningLimit.PERIOD.toMillis()));
    assertTrue(limit.take(key(1), OpeningLimit.PERIOD.toMillis() + 1));
  }
}
