package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static io.tollstream.channels.evm.LocalEscrow.refusal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.Chain.Redemption;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.Wallet.Deposited;
import io.tollstream.metering.Amount;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Channels from open to close on a real chain, and what payers may claim about them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class EvmChainTest {
  private static final Amount DEPOSIT = Amount.of(1_000_000);

  private final LocalEscrow local = LocalEscrow.start();
  private final EvmChain chain = new EvmChain(local.escrow, local.payee);
  private final EvmWallet wallet = new EvmWallet(local.escrow, local.payer);

  @BeforeAll
  void probe() {
    assertEquals(local.escrow.escrow(), ok(chain.probe()));
  }

  @AfterAll
  void stop() {
    chain.close();
    wallet.close();
    local.close();
  }

  private Address token(boolean isNative) {
    return isNative ? Address.ZERO : local.token;
  }

  private Deposited open(boolean isNative) {
    return ok(wallet.open(local.payee.address(), token(isNative), DEPOSIT));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void channel_fromOpenToClose_movesExactlyWhatVouchersSay(boolean isNative) {
    Amount before = ok(wallet.balance(token(isNative)));
    Deposited opened = open(isNative);
    ChannelId id = opened.channel().id();
    assertEquals(opened.channel(), ok(chain.awaitOpen(opened.transactionHash(), id)));
    assertEquals(DEPOSIT, opened.channel().deposit());

    Deposited toppedUp = ok(wallet.topUp(opened.channel(), Amount.of(500)));
    Channel larger = ok(chain.awaitTopUp(toppedUp.transactionHash(), id, Amount.of(500)));
    assertEquals(DEPOSIT.plus(Amount.of(500)), larger.deposit());

    Redemption settled = ok(chain.settle(wallet.sign(id, Amount.of(300_000))));
    assertEquals(Amount.of(300_000), settled.channel().settled());
    assertFalse(settled.channel().finalized());

    Redemption closed = ok(chain.close(id, wallet.sign(id, Amount.of(700_000))));
    assertEquals(Amount.of(700_000), closed.channel().settled());
    assertTrue(closed.channel().finalized());
    assertEquals(closed.channel(), ok(chain.read(id)));
    if (!isNative) {
      assertEquals(before.minus(Amount.of(700_000)), ok(wallet.balance(local.token)));
    }
  }

  @Test
  void open_erc20_approvesExactlyTheDeposit() {
    open(false);
    String allowance =
        local
            .anvil
            .rpc(
                "eth_call",
                Map.of(
                    "to",
                    local.token.hex(),
                    "data",
                    TokenCalls.allowance(
                            local.token, local.payer.address(), local.escrow.contract())
                        .data()),
                "latest")
            .asText();
    assertEquals(Amount.ZERO, new Returned(allowance).amount(0));
  }

  @Test
  void close_withoutVoucher_refundsEverything() {
    ChannelId id = open(false).channel().id();
    Channel closed = ok(chain.close(id, null)).channel();
    assertTrue(closed.finalized());
    assertEquals(Amount.ZERO, closed.settled());
  }

  @Test
  void forcedClose_afterTheGracePeriod_givesTheRemainderBack() {
    ChannelId id = open(false).channel().id();
    ok(wallet.requestClose(id));
    assertTrue(ok(chain.read(id)).isCloseRequested());
    assertEquals(new Refusal.TransactionReverted("CloseNotReady"), refusal(wallet.withdraw(id)));
    local.anvil.passTime(LocalEscrow.GRACE);
    ok(wallet.withdraw(id));
    assertTrue(ok(chain.read(id)).finalized());
    assertEquals(
        new Refusal.ChannelFinalized(id), refusal(chain.settle(wallet.sign(id, Amount.of(1)))));
  }

  @Test
  void read_channelNobodyOpened_isNotFound() {
    ChannelId id = ChannelId.of(new byte[32]);
    assertEquals(new Refusal.ChannelNotFound(id), refusal(chain.read(id)));
    assertEquals(new Refusal.ChannelNotFound(id), refusal(chain.settle(wallet.sign(id, DEPOSIT))));
  }

  @Test
  void settle_whatTheEscrowRefuses_saysWhy() {
    ChannelId id = open(false).channel().id();
    Amount tooMuch = DEPOSIT.plus(Amount.of(1));
    assertEquals(
        new Refusal.AmountExceedsDeposit(tooMuch, DEPOSIT),
        refusal(chain.settle(wallet.sign(id, tooMuch))));
    Voucher other = wallet.sign(id, Amount.of(5));
    assertEquals(
        new Refusal.InvalidSignature(),
        refusal(chain.settle(new Voucher(id, Amount.of(6), other.signature()))));
    ok(chain.settle(other));
    assertEquals(
        new Refusal.TransactionReverted("AmountNotIncreasing"), refusal(chain.settle(other)));
  }

  @Test
  void settle_manyAtOnce_allGoThroughInOrder() {
    CompletableFuture<?>[] all = new CompletableFuture<?>[8];
    for (int i = 0; i < all.length; i++) {
      ChannelId id = open(false).channel().id();
      all[i] = chain.settle(wallet.sign(id, Amount.of(i + 1))).toCompletableFuture();
    }
    for (CompletableFuture<?> settled : all) {
      assertInstanceOf(Result.Ok.class, settled.join());
    }
  }

  @Test
  void settle_byAnotherThanThePayee_isRefused() {
    ChannelId id = open(false).channel().id();
    try (EvmChain thief = new EvmChain(local.escrow, local.anvil.account(2))) {
      assertEquals(
          new Refusal.TransactionReverted("NotPayee"),
          refusal(thief.settle(wallet.sign(id, Amount.of(1)))));
    }
  }

  @Test
  void open_moreThanThePayerHas_isRefusedBeforeAnyGasIsSpent() {
    Amount balance = ok(wallet.balance(local.token));
    Amount more = balance.plus(Amount.of(1));
    assertEquals(
        new Refusal.InsufficientBalance(more, balance),
        refusal(wallet.open(local.payee.address(), local.token, more)));
  }

  @Test
  void token_askedForItsNameAndDecimals_tellsThem() {
    assertEquals("TUSD", ok(wallet.token(local.token)).symbol());
    assertEquals(6, ok(wallet.token(local.token)).decimals());
    assertEquals(18, ok(wallet.token(Address.ZERO)).decimals());
  }

  @Test
  void head_ofALivingChain_grows() {
    long before = ok(chain.head());
    local.anvil.mine(3);
    assertNotEquals(before, ok(chain.head()));
  }
}
