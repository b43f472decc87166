package io.tollstream.channels.evm;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.evm.SignedTransactions.Signed;
import java.math.BigInteger;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.web3j.protocol.core.methods.response.TransactionReceipt;

/** How much payers can make the gateway lose, whatever names they take. */
final class RelayBudgetTest {
  private Instant now = Instant.EPOCH;
  private final RelayBudget budget = new RelayBudget(() -> now);

  @Test
  void losses_underEverNewNames_stopAllRelayingForAnHour() {
    for (int i = 0; i < RelayBudget.MAX_LOSSES; i++) {
      assertNull(budget.refusal(payer(100)));
      lose("deposit " + i, payer(i));
    }
    assertRefused(budget.enter("deposit", payer(100)));
    now = now.plus(RelayBudget.MEMORY);
    assertRefused(budget.enter("deposit", payer(100)));
    now = now.plusMillis(1);
    assertNull(budget.enter("deposit", payer(100)));
  }

  @Test
  void losses_ofOnePayer_stopItAlone() {
    for (int i = 0; i < RelayBudget.MAX_LOSSES_EACH; i++) {
      lose("deposit " + i, payer(1));
    }
    assertRefused(budget.refusal(payer(1)));
    assertNull(budget.refusal(payer(2)));
  }

  @Test
  void loss_thatManyWaitFor_countsOnce() {
    Pending pending = pending();
    for (int i = 0; i < 5; i++) {
      assertNull(budget.enter("deposit", payer(1)));
      budget.sent("deposit", pending);
    }
    pending.mined(receipt("0x0"));
    assertNull(budget.refusal(payer(1)));
  }

  @Test
  void places_ofOnePayerOrOfAll_areTakenUntilTransactionsAreOver() {
    Pending first = pending();
    assertNull(budget.enter("first", payer(0)));
    budget.sent("first", first);
    budget.leave("first");
    for (int i = 1; i < RelayBudget.MAX_UNDER_WAY; i++) {
      assertNull(budget.enter("deposit " + i, payer(i / RelayBudget.MAX_UNDER_WAY_EACH)));
    }
    assertRefused(budget.enter("one more", payer(99)));
    first.mined(receipt("0x1"));
    assertRefused(budget.enter("one more", payer(99)));
    first.over();
    assertNull(budget.enter("one more", payer(99)));
  }

  @Test
  void places_ofOnePayer_areFew() {
    for (int i = 0; i < RelayBudget.MAX_UNDER_WAY_EACH; i++) {
      assertNull(budget.enter("deposit " + i, payer(1)));
    }
    assertRefused(budget.enter("one more", payer(1)));
    assertNull(budget.enter("deposit 0", payer(1)));
    assertNull(budget.enter("another's", payer(2)));
    budget.leave("deposit 1");
    assertNull(budget.enter("one more", payer(1)));
  }

  private void lose(String purpose, Address payer) {
    Pending pending = pending();
    assertNull(budget.enter(purpose, payer));
    budget.sent(purpose, pending);
    pending.mined(receipt("0x0"));
    pending.over();
    budget.leave(purpose);
  }

  private static void assertRefused(@Nullable Refusal refusal) {
    assertTrue(refusal instanceof Refusal.Unavailable, () -> String.valueOf(refusal));
  }

  private static Address payer(int i) {
    return new Address("0x" + "%040x".formatted(i + 1));
  }

  private static Pending pending() {
    return new Pending(Outgoing.of(BigInteger.ZERO, "", new Signed("0x", "0x"), 0));
  }

  private static TransactionReceipt receipt(String status) {
    TransactionReceipt receipt = new TransactionReceipt();
    receipt.setStatus(status);
    return receipt;
  }
}
