package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static io.tollstream.channels.evm.LocalEscrow.refusal;
import static java.util.stream.Collectors.toMap;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.Chain.Quote;
import io.tollstream.channels.Chain.Redemption;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Amount;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Redemptions by batch and by a second key, and what they would cost, on a real chain. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
final class RedemptionsTest {
  private static final Amount DEPOSIT = Amount.of(1_000_000);

  private final LocalEscrow local = LocalEscrow.start();
  private final EvmWallet wallet = new EvmWallet(local.escrow, local.payer);
  private final LocalSigner relayer = local.anvil.account(2);
  private final EvmChain own = new EvmChain(local.escrow, local.payee);
  private final EvmChain relayed =
      new EvmChain(local.escrow, local.payee, relayer, Journal.Store.inMemory());

  @AfterAll
  void stop() {
    own.close();
    relayed.close();
    wallet.close();
    local.close();
  }

  private ChannelId open() {
    return ok(wallet.open(local.payee.address(), local.token, DEPOSIT)).channel().id();
  }

  private Amount settled(ChannelId id) {
    return ok(wallet.read(id)).settled();
  }

  private Amount coin(Address account) {
    String balance = local.anvil.rpc("eth_getBalance", account.hex(), "latest").asText();
    return new Amount(new java.math.BigInteger(balance.substring(2), 16));
  }

  @Test
  void settle_several_isOneTransactionAndLeavesOutWhatItMust() {
    ChannelId first = open();
    ChannelId second = open();
    ChannelId forged = open();
    Voucher bad = new Voucher(forged, Amount.of(5), wallet.sign(first, Amount.of(5)).signature());
    List<Voucher> vouchers =
        List.of(wallet.sign(first, Amount.of(7)), bad, wallet.sign(second, Amount.of(11)));
    List<Redemption> settled = ok(own.settle(local.token, vouchers));
    assertEquals(
        Map.of(first, Amount.of(7), second, Amount.of(11)),
        settled.stream().collect(toMap(r -> r.channel().id(), r -> r.channel().settled())));
    assertEquals(1, settled.stream().map(Redemption::transactionHash).distinct().count());
    assertEquals(Amount.ZERO, settled(forged));
  }

  @Test
  void settle_batchBehindOneThatIsNotFinal_isAnotherTransaction() {
    EvmEscrow cautious =
        new EvmEscrow(
            local.escrow.network(),
            local.escrow.contract(),
            local.escrow.domainName(),
            Finality.confirmations(100));
    try (EvmChain chain =
        new EvmChain(cautious, local.payee, local.payee, Journal.Store.inMemory())) {
      for (long amount = 1; amount <= 2; amount++) {
        List<Voucher> two =
            List.of(wallet.sign(open(), Amount.of(amount)), wallet.sign(open(), Amount.of(amount)));
        assertEquals(2, ok(chain.settle(local.token, two)).size());
      }
    }
  }

  @Test
  void settle_batchBesideOneThatIsNotMined_isRefused() {
    List<Voucher> first = List.of(wallet.sign(open(), DEPOSIT), wallet.sign(open(), DEPOSIT));
    List<Voucher> second = List.of(wallet.sign(open(), DEPOSIT), wallet.sign(open(), DEPOSIT));
    local.anvil.setAutomine(false);
    try {
      var settled = own.settle(local.token, first);
      assertInstanceOf(Refusal.TransactionPending.class, refusal(own.settle(local.token, second)));
      local.anvil.mine(1);
      assertEquals(2, ok(settled).size());
    } finally {
      local.anvil.setAutomine(true);
    }
    assertEquals(2, ok(own.settle(local.token, second)).size());
  }

  @Test
  void settle_one_isSettledByItself() {
    ChannelId id = open();
    List<Redemption> settled = ok(own.settle(local.token, List.of(wallet.sign(id, DEPOSIT))));
    assertEquals(DEPOSIT, settled.get(0).channel().settled());
  }

  @Test
  void settle_moreThanABatch_throws() {
    Voucher voucher = wallet.sign(ChannelId.of(new byte[32]), DEPOSIT);
    List<Voucher> many = java.util.Collections.nCopies(own.batch() + 1, voucher);
    assertThrows(IllegalArgumentException.class, () -> own.settle(local.token, many));
    assertEquals(1, relayed.batch());
  }

  @Test
  void relayed_settlesAndCloses_atTheRelayersExpense() {
    ChannelId id = open();
    Amount payee = coin(local.payee.address());
    Amount before = coin(relayer.address());
    for (long amount = 100; amount <= 400; amount += 100) {
      assertEquals(
          Amount.of(amount),
          ok(relayed.settle(wallet.sign(id, Amount.of(amount)))).channel().settled());
    }
    Redemption closed = ok(relayed.close(id, wallet.sign(id, Amount.of(500))));
    assertTrue(closed.channel().finalized());
    assertEquals(Amount.of(500), closed.channel().settled());
    assertEquals(payee, coin(local.payee.address()));
    assertTrue(before.exceeds(coin(relayer.address())));
  }

  @Test
  void relayed_noncesUsedByAnotherGateway_areSteppedOver() {
    ChannelId id = open();
    for (long amount = 1; amount <= 3; amount++) {
      ok(relayed.settle(wallet.sign(id, Amount.of(amount))));
    }
    try (EvmChain other =
        new EvmChain(local.escrow, local.payee, local.anvil.account(3), Journal.Store.inMemory())) {
      ok(other.settle(wallet.sign(id, Amount.of(4))));
      ok(other.settle(wallet.sign(id, Amount.of(5))));
    }
    ok(relayed.settle(wallet.sign(id, Amount.of(6))));
    assertTrue(ok(relayed.close(id, null)).channel().finalized());
    assertEquals(Amount.of(6), settled(id));
  }

  @Test
  void relayed_twoGatewaysAtOnce_useDifferentNonces() {
    ChannelId id = open();
    try (EvmChain other =
        new EvmChain(local.escrow, local.payee, local.anvil.account(3), Journal.Store.inMemory())) {
      local.anvil.setAutomine(false);
      var first = relayed.settle(wallet.sign(id, Amount.of(1)));
      untilPooled("0x1");
      var second = other.settle(wallet.sign(id, Amount.of(2)));
      untilPooled("0x2");
      local.anvil.mine(1);
      ok(first);
      ok(second);
    } finally {
      local.anvil.setAutomine(true);
    }
  }

  private void untilPooled(String count) {
    while (!local.anvil.rpc("txpool_status").path("pending").asText().equals(count)) {
      assertFalse(Thread.currentThread().isInterrupted(), "timed out");
    }
  }

  @Test
  void quote_whatWouldSucceed_isWhatItThenCosts() {
    ChannelId id = open();
    for (EvmChain chain : List.of(own, relayed)) {
      Voucher voucher = wallet.sign(id, settled(id).plus(Amount.of(1)));
      Quote quote = ok(chain.quoteSettle(voucher));
      assertTrue(quote.gas() > 50_000 && quote.gas() < 150_000, quote::toString);
      assertEquals(
          quote.gasPrice().baseUnits().longValueExact() * quote.gas(),
          quote.cost().baseUnits().longValueExact());
      Address account = chain == own ? local.payee.address() : relayer.address();
      Amount before = coin(account);
      ok(chain.settle(voucher));
      Amount spent = before.minus(coin(account));
      assertTrue(quote.cost().plus(quote.cost()).exceeds(spent), quote + " and " + spent);
      assertTrue(spent.plus(spent).exceeds(quote.cost()), quote + " and " + spent);
    }
    assertTrue(ok(own.quoteClose(id, null)).gas() > 40_000);
  }

  @Test
  void quote_whatWouldFail_saysWhy() {
    ChannelId id = open();
    ok(own.close(id, null));
    assertEquals(
        new Refusal.ChannelFinalized(id), refusal(own.quoteSettle(wallet.sign(id, Amount.of(1)))));
    assertEquals(new Refusal.ChannelFinalized(id), refusal(own.quoteClose(id, null)));
  }

  @Test
  void isContract_tellsCodeFromKeys() {
    assertTrue(ok(own.isContract(local.token)));
    assertFalse(ok(own.isContract(local.payer.address())));
  }
}
