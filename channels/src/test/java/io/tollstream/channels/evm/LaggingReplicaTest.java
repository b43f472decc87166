package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.await;
import static io.tollstream.channels.evm.LocalEscrow.ok;
import static io.tollstream.channels.evm.LocalEscrow.refusal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.Chain.Redemption;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Wallet.Deposited;
import io.tollstream.metering.Amount;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What was known once is never unlearnt from a node that is behind. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
final class LaggingReplicaTest {
  private static final Amount DEPOSIT = Amount.of(1_000);
  private static final int LAG = 3;

  private final LocalEscrow local = LocalEscrow.start();
  private final FaultyRpc behind = FaultyRpc.before(local.anvil);
  private final EvmWallet wallet = new EvmWallet(local.escrow, local.payer);

  /** One URL behind which replicas take turns: the one that lags when the test says so. */
  private final EvmChain balanced = chain(Finality.confirmations(1), behind.url());

  @AfterEach
  void heal() {
    behind.answer().chain().none();
  }

  @AfterAll
  void stop() {
    balanced.close();
    wallet.close();
    behind.close();
    local.close();
  }

  private EvmChain chain(Finality finality, URI... urls) {
    return new EvmChain(escrow(finality, urls), local.payee);
  }

  /** Looked at so seldom that what was seen is remembered for longer than a test takes. */
  private EvmEscrow escrow(Finality finality, URI... urls) {
    EvmNetwork network =
        new EvmNetwork(
            List.of(urls),
            Anvil.CHAIN_ID,
            Duration.ofSeconds(5),
            Duration.ofMillis(500),
            Duration.ofSeconds(20));
    return new EvmEscrow(network, local.escrow.contract(), local.escrow.domainName(), finality);
  }

  private Deposited open() {
    return ok(wallet.open(local.payee.address(), Address.ZERO, DEPOSIT));
  }

  @Test
  void read_replicaFromBeforeTheOpen_isUnavailableAndNotNotFound() {
    Deposited opened = open();
    ChannelId id = opened.channel().id();
    ok(balanced.awaitOpen(opened.transactionHash(), id));
    behind.chain().lag(LAG);
    assertInstanceOf(Refusal.Unavailable.class, refusal(balanced.read(id)));
    local.anvil.mine(LAG);
    assertEquals(DEPOSIT, ok(balanced.read(id)).deposit());
  }

  @Test
  void read_replicaFromBeforeTheTopUp_neverTellsTheOldDeposit() {
    Channel channel = open().channel();
    Deposited toppedUp = ok(wallet.topUp(channel, DEPOSIT));
    ok(balanced.awaitTopUp(toppedUp.transactionHash(), channel.id(), DEPOSIT));
    behind.chain().lag(1);
    assertInstanceOf(Refusal.Unavailable.class, refusal(balanced.read(channel.id())));
    try (EvmChain two = chain(Finality.confirmations(1), local.anvil.url(), behind.url())) {
      assertEquals(DEPOSIT.plus(DEPOSIT), ok(two.read(channel.id())).deposit());
    }
  }

  @Test
  void read_replicaFromBeforeTheForcedClose_neverHidesIt() {
    ChannelId id = open().channel().id();
    ok(wallet.requestClose(id));
    assertTrue(ok(balanced.read(id)).isCloseRequested());
    behind.chain().lag(1);
    assertInstanceOf(Refusal.Unavailable.class, refusal(balanced.read(id)));
  }

  @Test
  void read_chainThatDidBecomeShorter_isFollowedAfterAWhile() {
    try (EvmChain chain = new EvmChain(local.escrow, local.payee)) {
      Channel channel = open().channel();
      String snapshot = local.anvil.rpc("evm_snapshot").asText();
      try (EvmWallet gone = new EvmWallet(local.escrow, local.payer)) { // its nonces go back
        ok(gone.topUp(channel, DEPOSIT));
      }
      assertEquals(DEPOSIT.plus(DEPOSIT), ok(chain.read(channel.id())).deposit());
      local.anvil.rpc("evm_revert", snapshot);
      assertInstanceOf(Refusal.Unavailable.class, refusal(chain.read(channel.id())));
      while (!(await(chain.read(channel.id())) instanceof Result.Ok<Channel>)) {
        Thread.onSpinWait();
      }
      assertEquals(DEPOSIT, ok(chain.read(channel.id())).deposit());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void lifecycle_theFirstOfTwoLags_isAsIfItDidNot(boolean byTag) {
    behind.chain().lag(LAG);
    local.anvil.mine(200);
    Finality finality = byTag ? Finality.safe() : Finality.confirmations(2);
    try (EvmChain chain = chain(finality, behind.url(), local.anvil.url());
        EvmWallet payer =
            new EvmWallet(escrow(finality, behind.url(), local.anvil.url()), local.payer)) {
      Deposited opened = ok(payer.open(local.payee.address(), local.token, DEPOSIT));
      ChannelId id = opened.channel().id();
      var awaited = chain.awaitOpen(opened.transactionHash(), id);
      local.anvil.mine(100);
      assertEquals(DEPOSIT, ok(awaited).deposit());
      Redemption settled = ok(chain.settle(payer.sign(id, Amount.of(9))));
      assertEquals(Amount.of(9), settled.channel().settled());
      assertEquals(Amount.of(9), ok(chain.read(id)).settled());
    }
  }
}
