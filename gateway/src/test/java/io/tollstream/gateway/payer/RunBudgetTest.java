package io.tollstream.gateway.payer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tollstream.metering.Amount;
import org.junit.jupiter.api.Test;

class RunBudgetTest {
  private final RunBudget budget = new RunBudget(Amount.of(100));
  private final ChannelAccount one = LiveChannelTest.account(1, 1_000);
  private final ChannelAccount two = LiveChannelTest.account(2, 1_000);

  @Test
  void left_depositOfThisRun_isCommitted() {
    budget.join(one, Amount.of(60));
    assertEquals(Amount.of(40), budget.left(FakeWallet.TOKEN));
    assertEquals(Amount.of(100), budget.ceiling(one.id()));
  }

  @Test
  void left_signedWithinTheDeposit_commitsNothingMore() {
    budget.join(one, Amount.of(60));
    budget.signed(one.id(), Amount.of(50));
    assertEquals(Amount.of(40), budget.left(FakeWallet.TOKEN));
  }

  @Test
  void ceiling_channelOfAnEarlierRun_countsFromWhatWasSignedThen() {
    ChannelAccount old = one.signed(Amount.of(500));
    budget.join(old, Amount.ZERO);
    assertEquals(Amount.of(600), budget.ceiling(old.id()));
    budget.signed(old.id(), Amount.of(530));
    assertEquals(Amount.of(70), budget.left(FakeWallet.TOKEN));
    assertEquals(Amount.of(600), budget.ceiling(old.id()));
  }

  @Test
  void ceiling_twoChannels_shareTheBudget() {
    budget.join(one, Amount.ZERO);
    budget.join(two, Amount.ZERO);
    budget.signed(one.id(), Amount.of(70));
    assertEquals(Amount.of(30), budget.ceiling(two.id()));
  }

  @Test
  void closed_channel_freesWhatWasNotSigned() {
    budget.join(one, Amount.of(60));
    budget.signed(one.id(), Amount.of(10));
    budget.closed(one.id());
    assertEquals(Amount.of(90), budget.left(FakeWallet.TOKEN));
  }

  @Test
  void stopped_channel_keepsItsDepositCommitted() {
    LiveChannelTest.stopped(one, Amount.of(60), budget);
    assertEquals(Amount.of(40), budget.left(FakeWallet.TOKEN));
  }

  @Test
  void toppedUp_channel_commitsTheAddition() {
    budget.join(one, Amount.of(60));
    budget.toppedUp(one.id(), Amount.of(30));
    assertEquals(Amount.of(10), budget.left(FakeWallet.TOKEN));
  }

  @Test
  void join_again_changesNothing() {
    budget.join(one, Amount.of(60));
    budget.join(one, Amount.ZERO);
    assertEquals(Amount.of(40), budget.left(FakeWallet.TOKEN));
  }

  @Test
  void ceiling_unknownChannel_isNothing() {
    assertEquals(Amount.ZERO, budget.ceiling(one.id()));
  }
}
