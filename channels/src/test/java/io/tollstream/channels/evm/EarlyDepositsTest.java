package io.tollstream.channels.evm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.evm.EarlyDeposits.Sight;
import io.tollstream.metering.Amount;
import org.junit.jupiter.api.Test;

/** What counts before it is final, and how much of it at once. */
final class EarlyDepositsTest {
  private static final long FINAL = 10;
  private static final long NEW = 20;

  private final EarlyDeposits early =
      new EarlyDeposits(new EarlyFinality(Address.ZERO, 1, Amount.of(100), Amount.of(250)));

  private static ChannelId channel(int number) {
    byte[] id = new byte[32];
    id[30] = (byte) (number >> 8);
    id[31] = (byte) number;
    return ChannelId.of(id);
  }

  private long counted(int channel, long finalDeposit, long deposit) {
    return counted(channel, finalDeposit, FINAL, deposit, NEW);
  }

  private long counted(int channel, long finalDeposit, long finalBlock, long deposit, long block) {
    Amount counted =
        early.counted(
            new Sight(
                channel(channel), Amount.of(finalDeposit), finalBlock, Amount.of(deposit), block));
    return counted.baseUnits().longValueExact();
  }

  private long atRisk() {
    return early.atRisk().baseUnits().longValueExact();
  }

  @Test
  void deposit_uptoTheBound_countsAndOneMoreWaits() {
    assertEquals(100, counted(1, 0, 100));
    assertEquals(0, counted(2, 0, 101));
    assertEquals(500, counted(3, 500, 601));
    assertEquals(600, counted(3, 500, 600));
    assertEquals(200, atRisk());
  }

  @Test
  void deposit_whereTheSumWouldBeAbove_waitsForRoom() {
    assertEquals(100, counted(1, 0, 100));
    assertEquals(100, counted(2, 0, 100));
    assertEquals(0, counted(3, 0, 51));
    assertEquals(50, counted(4, 0, 50));
    assertEquals(250, atRisk());
    assertEquals(100, counted(1, 100, 100));
    assertEquals(51, counted(3, 0, 51));
  }

  @Test
  void deposit_readAgain_keepsCountingAndCountsOnce() {
    for (int i = 0; i < 5; i++) {
      assertEquals(100, counted(1, 0, FINAL, 100, NEW + i));
      assertEquals(100, atRisk());
    }
  }

  @Test
  void topUp_aboveTheBoundWithWhatIsNotFinalYet_waitsAndTakesNothingBack() {
    assertEquals(60, counted(1, 0, 60));
    assertEquals(60, counted(1, 0, 120));
    assertEquals(60, atRisk());
    assertEquals(120, counted(1, 60, 120));
    assertEquals(60, atRisk());
  }

  @Test
  void deposit_takenBackByTheChain_countsNoMoreAndLeavesTheSum() {
    assertEquals(100, counted(1, 0, 100));
    assertEquals(40, counted(1, 0, 40));
    assertEquals(40, atRisk());
    assertEquals(0, counted(1, 0, 0));
    assertEquals(0, atRisk());
  }

  @Test
  void grant_ofAChannelNobodyReadsAgain_leavesTheSumOnceItsBlockIsFinal() {
    assertEquals(100, counted(1, 0, 100));
    assertEquals(100, counted(2, 0, NEW - 1, 100, NEW + 5));
    assertEquals(200, atRisk());
    assertEquals(100, counted(3, 0, NEW, 100, NEW + 5));
    assertEquals(200, atRisk());
  }

  @Test
  void channels_moreThanTheBound_wait() {
    for (int i = 0; i < EarlyDeposits.MAX_CHANNELS; i++) {
      var unused = counted(i, 1_000, 1_000);
    }
    assertEquals(0, atRisk());
    EarlyDeposits generous =
        new EarlyDeposits(new EarlyFinality(Address.ZERO, 1, Amount.of(1), Amount.of(1_000_000)));
    for (int i = 0; i <= EarlyDeposits.MAX_CHANNELS; i++) {
      Sight sight = new Sight(channel(i), Amount.ZERO, FINAL, Amount.of(1), NEW);
      assertEquals(Amount.of(i < EarlyDeposits.MAX_CHANNELS ? 1 : 0), generous.counted(sight));
    }
  }

  @Test
  void rule_thatMakesNoSense_isRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new EarlyFinality(Address.ZERO, 0, Amount.of(1), Amount.of(1)));
    assertThrows(
        IllegalArgumentException.class,
        () -> new EarlyFinality(Address.ZERO, 1, Amount.of(2), Amount.of(1)));
  }
}
