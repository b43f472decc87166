package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.await;
import static io.tollstream.channels.evm.LocalEscrow.ok;
import static io.tollstream.channels.evm.LocalEscrow.refusal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.Chain.Redemption;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.MemoryNotes;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.Wallet.Deposited;
import io.tollstream.channels.evm.FaultyRpc.Fault;
import io.tollstream.metering.Amount;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A channel's whole life on a chain like Filecoin, its blocks of 30 seconds scaled down to one:
 * null rounds, receipts a block late, dear replacements. Of the two public nodes the preferred one
 * lags, limits, fails now and then, and drops every transaction that it takes.
 */
@Timeout(120)
final class FilecoinLifecycleTest {
  private static final int CONFIRMATIONS = 3;
  private static final int LAG = 2;
  private static final Amount DEPOSIT = Amount.of(1_000_000);
  private static final Amount MORE = Amount.of(500_000);

  private final LocalEscrow local = LocalEscrow.start();
  private final EvmWallet direct = new EvmWallet(local.escrow, local.payer);

  @AfterEach
  void stop() {
    direct.close();
    local.close();
  }

  private EvmEscrow escrow(FaultyRpc... nodes) {
    EvmNetwork network =
        new EvmNetwork(
            List.of(nodes).stream().map(FaultyRpc::url).toList(),
            Anvil.CHAIN_ID,
            Duration.ofSeconds(2),
            Duration.ofMillis(100),
            Duration.ofSeconds(25));
    return new EvmEscrow(
        network,
        local.escrow.contract(),
        local.escrow.domainName(),
        Finality.confirmations(CONFIRMATIONS));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void channel_fromOpenToWithdraw_movesExactlyWhatVouchersSay(long seed) {
    local.anvil.mine(30); // behind which null rounds and a lag can hide
    local.anvil.mineEvery(FaultyRpc.FILECOIN_LIKE_BLOCK);
    try (FaultyRpc bad = FaultyRpc.filecoinLike(local.anvil, seed);
        FaultyRpc good = FaultyRpc.filecoinLike(local.anvil, seed)) {
      bad.chain().lag(LAG).loseTransactions(true);
      bad.failSome(20, Fault.TOO_MANY, Fault.LIMIT_EXCEEDED, Fault.PAGE, Fault.TRUNCATED);
      EvmEscrow escrow = escrow(bad, good);
      try (EvmChain chain =
              new EvmChain(
                  escrow, local.payee, Journal.Store.of(new MemoryNotes(), () -> true, true));
          EvmWallet wallet = new EvmWallet(escrow, local.payer)) {
        live(chain, wallet);
        assertTrue(chain.health().endpoints().get(0).failures() > 0);
        assertFalse(chain.health().disagreement());
      }
    }
  }

  /** The payee's nodes may be behind the payer's. */
  private static void until(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      assertFalse(Thread.currentThread().isInterrupted(), "timed out");
    }
  }

  private void live(EvmChain chain, EvmWallet wallet) {
    Amount coins = ok(direct.balance(local.token));
    ok(chain.probe());
    var opening = wallet.open(local.payee.address(), local.token, DEPOSIT);
    var unused = wallet.open(local.payee.address(), Address.ZERO, DEPOSIT);
    Deposited opened = ok(opening);
    ChannelId id = opened.channel().id();
    ChannelId idle = ok(unused).channel().id();

    Channel channel = ok(chain.awaitOpen(opened.transactionHash(), id));
    assertEquals(DEPOSIT, channel.deposit());
    EvmSession session = new EvmSession(local.escrow.domainName(), chain, false);
    Voucher first = ok(session.verify(wallet.sign(id, Amount.of(300_000)), channel));

    CompletionStage<Result<Redemption>> settling = chain.settle(first);
    Deposited toppedUp = ok(wallet.topUp(channel, MORE));
    assertEquals(Amount.of(300_000), ok(settling).channel().settled());
    assertEquals(
        DEPOSIT.plus(MORE), ok(chain.awaitTopUp(toppedUp.transactionHash(), id, MORE)).deposit());

    Voucher last = ok(session.verify(wallet.sign(id, Amount.of(1_200_000)), ok(chain.read(id))));
    var forcing = wallet.requestClose(id);
    ok(wallet.requestClose(idle));
    Channel closed = ok(chain.close(id, last)).channel();
    var whoever = await(forcing); // before the close, or refused after it: the payee has his due
    assertTrue(closed.finalized(), whoever::toString);
    assertEquals(Amount.of(1_200_000), closed.settled());
    assertEquals(coins.minus(Amount.of(1_200_000)), ok(direct.balance(local.token)));

    until(() -> ok(chain.read(idle)).isCloseRequested());
    local.anvil.passTime(LocalEscrow.GRACE);
    local.anvil.mine(2 * LAG); // so that whoever lags has seen the time, too
    ok(wallet.withdraw(idle));
    until(() -> ok(chain.read(idle)).finalized());
    assertEquals(new Refusal.ChannelFinalized(id), refusal(wallet.withdraw(id)));
  }
}
