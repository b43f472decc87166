package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static io.tollstream.channels.evm.LocalEscrow.refusal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Wallet.Deposited;
import io.tollstream.metering.Amount;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What payers may claim about transactions, true and false. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class DepositClaimTest {
  private static final Amount DEPOSIT = Amount.of(1_000_000);

  private final LocalEscrow local = LocalEscrow.start();
  private final EvmChain chain = new EvmChain(local.escrow, local.payee);
  private final EvmWallet wallet = new EvmWallet(local.escrow, local.payer);

  @AfterEach
  void automine() {
    local.anvil.setAutomine(true);
  }

  @AfterAll
  void stop() {
    chain.close();
    wallet.close();
    local.close();
  }

  private Deposited open(Address token) {
    return ok(wallet.open(local.payee.address(), token, DEPOSIT));
  }

  @Test
  void awaitOpen_transactionThatReverted_isSaidAtOnce() {
    // Gas enough to be mined, not enough to be carried out.
    String hash =
        local
            .anvil
            .rpc(
                "eth_sendTransaction",
                Map.of(
                    "from",
                    local.payer.address().hex(),
                    "to",
                    local.escrow.contract().hex(),
                    "gas",
                    "0x186a0",
                    "data",
                    new EscrowCalls(local.escrow.contract())
                        .requestClose(ChannelId.of(new byte[32]))
                        .data()))
            .asText();
    ChannelId id = open(local.token).channel().id();
    Refusal expected = new Refusal.TransactionReverted("reverted");
    assertEquals(expected, refusal(chain.awaitOpen(hash, id)));
    assertEquals(expected, refusal(chain.awaitTopUp(hash, id, DEPOSIT)));
  }

  @Test
  void awaitOpen_openOfAnotherChannel_isRefused() {
    Deposited mine = open(local.token);
    Deposited other = open(local.token);
    assertEquals(
        new Refusal.ChannelMismatch(
            "channelId", mine.channel().id().hex(), other.channel().id().hex()),
        refusal(chain.awaitOpen(other.transactionHash(), mine.channel().id())));
  }

  @Test
  void awaitTopUp_claimOfAnotherAmountOrChannel_isRefused() {
    Deposited opened = open(local.token);
    Channel channel = opened.channel();
    String hash = ok(wallet.topUp(channel, Amount.of(500))).transactionHash();
    assertEquals(
        new Refusal.ChannelMismatch("additionalDeposit", "501", "500"),
        refusal(chain.awaitTopUp(hash, channel.id(), Amount.of(501))));
    assertEquals(
        new Refusal.ChannelMismatch("additionalDeposit", "500", "0"),
        refusal(chain.awaitTopUp(hash, open(local.token).channel().id(), Amount.of(500))));
    assertEquals(
        new Refusal.ChannelMismatch("additionalDeposit", DEPOSIT.toString(), "0"),
        refusal(chain.awaitTopUp(opened.transactionHash(), channel.id(), DEPOSIT)));
  }

  @Test
  void awaitOpen_sameCallOnAnotherEscrow_isRefused() {
    Address elsewhere;
    try (Deployer deployer = new Deployer(local.escrow.network(), local.payer)) {
      elsewhere = ok(deployer.escrow(local.escrow.domainName(), LocalEscrow.GRACE, Address.ZERO));
    }
    EvmEscrow other =
        new EvmEscrow(
            local.escrow.network(), elsewhere, local.escrow.domainName(), local.escrow.finality());
    try (EvmWallet otherWallet = new EvmWallet(other, local.payer)) {
      Deposited there = ok(otherWallet.open(local.payee.address(), local.token, DEPOSIT));
      ChannelId id = there.channel().id();
      assertInstanceOf(
          Refusal.ChannelMismatch.class, refusal(chain.awaitOpen(there.transactionHash(), id)));
      assertEquals(new Refusal.ChannelNotFound(id), refusal(chain.read(id)));
    }
  }

  @Test
  void awaitOpen_notMinedInTime_isPending() {
    EvmNetwork impatient =
        new EvmNetwork(
            local.escrow.network().rpcUrls(),
            Anvil.CHAIN_ID,
            Duration.ofSeconds(5),
            Duration.ofMillis(10),
            Duration.ofMillis(300));
    EvmEscrow escrow =
        new EvmEscrow(
            impatient, local.escrow.contract(), local.escrow.domainName(), local.escrow.finality());
    ChannelId id = open(Address.ZERO).channel().id();
    try (EvmChain hasty = new EvmChain(escrow, local.payee)) {
      String nowhere = "0x" + "ab".repeat(32);
      assertEquals(new Refusal.TransactionPending(nowhere), refusal(hasty.awaitOpen(nowhere, id)));
      local.anvil.setAutomine(false);
      assertInstanceOf(
          Refusal.TransactionPending.class, refusal(hasty.settle(wallet.sign(id, Amount.of(1)))));
    }
    local.anvil.setAutomine(true);
    local.anvil.mine(1);
    assertEquals(Amount.of(1), ok(chain.read(id)).settled());
  }

  @Test
  void awaitOpen_confirmationsMissing_waitsForThem() {
    EvmEscrow careful =
        new EvmEscrow(
            local.escrow.network(),
            local.escrow.contract(),
            local.escrow.domainName(),
            Finality.confirmations(3));
    Deposited opened = open(Address.ZERO);
    ChannelId id = opened.channel().id();
    try (EvmChain waiting = new EvmChain(careful, local.payee)) {
      assertEquals(Amount.ZERO, ok(waiting.read(id)).deposit(), "none of it counts");
      CompletableFuture<?> open =
          waiting.awaitOpen(opened.transactionHash(), id).toCompletableFuture();
      local.anvil.mine(1);
      assertFalse(open.isDone());
      local.anvil.mine(1);
      assertInstanceOf(Result.Ok.class, open.join());
      ok(wallet.requestClose(id));
      assertTrue(ok(waiting.read(id)).isCloseRequested(), "a forced close counts at once");
    }
  }

  @Test
  void read_channelThatOnlyTheNewestBlockKnows_hidesNothingButItsDeposit() {
    EvmEscrow careful =
        new EvmEscrow(
            local.escrow.network(),
            local.escrow.contract(),
            local.escrow.domainName(),
            Finality.confirmations(100));
    ChannelId id = open(Address.ZERO).channel().id();
    try (EvmChain waiting = new EvmChain(careful, local.payee)) {
      ok(chain.settle(wallet.sign(id, Amount.of(9))));
      ok(wallet.requestClose(id));
      Channel leaving = ok(waiting.read(id));
      assertTrue(leaving.isCloseRequested());
      assertEquals(Amount.of(9), leaving.settled());
      assertEquals(Amount.of(9), leaving.deposit(), "no more than was paid out");
      ok(chain.close(id, wallet.sign(id, Amount.of(10))));
      assertTrue(ok(waiting.read(id)).finalized());
    }
  }
}
