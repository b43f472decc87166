package io.tollstream.gateway.payer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.metering.Amount;
import org.junit.jupiter.api.Test;

class BrokenOffTest {
  private static final Amount ENOUGH = Amount.of(1_000_000);
  private final BrokenOff brokenOff = new BrokenOff(Amount.ZERO);

  private Amount of(long claimed) {
    return brokenOff.of(LiveChannelTest.account(1, 10).claimed(Amount.of(claimed)), ENOUGH);
  }

  @Test
  void of_claimWithoutABrokenBody_isNothing() {
    assertEquals(Amount.ZERO, of(500));
  }

  @Test
  void of_brokenBody_isWhatIsChargedOfWhatWasUnderWay() {
    brokenOff.add(Amount.of(300), Amount.of(80));
    assertEquals(Amount.of(50), of(50));
    assertEquals(Amount.of(80), of(500));
  }

  @Test
  void of_manyBrokenBodies_isNeverMoreThanWasAuthorized() {
    for (int i = 0; i < 10; i++) {
      brokenOff.add(Amount.of(300), Amount.of(80));
    }
    assertEquals(Amount.of(300), of(500));
  }

  @Test
  void of_anything_isNeverMoreThanTheMost() {
    brokenOff.add(Amount.of(300), Amount.of(300));
    ChannelAccount account = LiveChannelTest.account(1, 10).claimed(Amount.of(300));
    assertEquals(Amount.of(7), brokenOff.of(account, Amount.of(7)));
  }

  @Test
  void explains_lessThanHalf_isNoExplanation() {
    brokenOff.add(Amount.of(50), Amount.of(80));
    assertTrue(brokenOff.explains(Amount.of(100)));
    assertFalse(brokenOff.explains(Amount.of(101)));
  }

  @Test
  void of_earlierRun_isRemembered() {
    ChannelAccount account = LiveChannelTest.account(1, 10).claimed(Amount.of(60));
    assertEquals(Amount.of(60), new BrokenOff(Amount.of(60)).of(account, ENOUGH));
  }
}
