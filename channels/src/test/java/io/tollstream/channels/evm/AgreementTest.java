package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static io.tollstream.channels.evm.LocalEscrow.refusal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Wallet.Deposited;
import io.tollstream.channels.evm.FaultyRpc.Fault;
import io.tollstream.metering.Amount;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** Two endpoints that tell of two chains. */
@Timeout(60)
final class AgreementTest {
  private static final Amount DEPOSIT = Amount.of(1_000);
  private static final Duration HOUR = Duration.ofHours(1);

  private final LocalEscrow local = LocalEscrow.start();
  private final FaultyRpc second = FaultyRpc.before(local.anvil);
  private final EvmWallet wallet = new EvmWallet(local.escrow, local.payer);
  private final Deposited known = open();
  private final Anvil fork =
      Anvil.start("--fork-url", local.anvil.url().toString(), "--chain-id", "31337");
  private final EvmChain chain =
      new EvmChain(local.through(List.of(local.anvil.url(), second.url())), local.payee);

  @AfterEach
  void stop() {
    chain.close();
    wallet.close();
    second.close();
    fork.close();
    local.close();
  }

  private Deposited open() {
    return ok(wallet.open(local.payee.address(), Address.ZERO, DEPOSIT));
  }

  private ChannelId knownId() {
    return known.channel().id();
  }

  /** Both have blocks that the other has not. */
  private void diverge() {
    fork.passTime(HOUR);
    local.anvil.mine(1);
    second.chain().fork(fork);
    assertFalse(ok(chain.checkAgreement()));
  }

  private void untilTheyAgree() {
    while (!ok(chain.checkAgreement())) {
      Thread.onSpinWait();
    }
  }

  private EvmWallet walletOnTheFork() {
    return new EvmWallet(local.through(List.of(fork.url())), local.payer);
  }

  @Test
  void deposit_whileEndpointsDisagree_countsOnceTheyAgreeAgain() {
    Deposited opened = open();
    diverge();
    Refusal refusal = refusal(chain.awaitOpen(opened.transactionHash(), opened.channel().id()));
    assertTrue(
        assertInstanceOf(Refusal.Unavailable.class, refusal).what().contains("disagree"),
        refusal::toString);
    var waiting = chain.awaitOpen(opened.transactionHash(), opened.channel().id());
    assertTrue(chain.health().disagreement());
    second.chain().fork(null);
    assertEquals(DEPOSIT, ok(waiting).deposit());
    assertFalse(chain.health().disagreement());
  }

  @Test
  void knownChannel_whileEndpointsDisagree_keepsWorking() {
    diverge();
    assertEquals(DEPOSIT, ok(chain.read(knownId())).deposit());
    var settled = ok(chain.settle(wallet.sign(knownId(), Amount.of(7))));
    assertEquals(Amount.of(7), settled.channel().settled());
  }

  @Test
  void topUp_thatOnlyOneEndpointTells_doesNotCount() {
    diverge();
    ok(wallet.topUp(known.channel(), DEPOSIT));
    assertEquals(DEPOSIT, ok(chain.read(knownId())).deposit());
    second.chain().fork(null);
    untilTheyAgree();
    assertEquals(DEPOSIT.plus(DEPOSIT), ok(chain.read(knownId())).deposit());
  }

  @Test
  void forcedClose_thatOnlyOneEndpointTells_counts() {
    diverge();
    try (EvmWallet there = walletOnTheFork()) {
      ok(there.requestClose(knownId()));
    }
    assertTrue(ok(chain.read(knownId())).isCloseRequested());
  }

  @Test
  void channel_thatOnlyTheSecondEndpointTells_isNotReportedAsNotFound() {
    diverge();
    try (EvmWallet there = walletOnTheFork()) {
      Channel unknown = ok(there.open(local.payee.address(), Address.ZERO, DEPOSIT)).channel();
      assertInstanceOf(Refusal.Unavailable.class, refusal(chain.read(unknown.id())));
    }
  }

  @Test
  void disagreement_howeverOftenItIsSeen_isAnErrorOnce() {
    ListAppender<ILoggingEvent> seen = new ListAppender<>();
    seen.start();
    Logger logger = (Logger) LoggerFactory.getLogger(Agreement.class);
    logger.addAppender(seen);
    try {
      diverge();
      long before = second.asked("eth_blockNumber");
      while (second.asked("eth_blockNumber") < before + 2) {
        assertFalse(ok(chain.checkAgreement()));
      }
    } finally {
      logger.detachAppender(seen);
    }
    assertEquals(1, seen.list.stream().filter(each -> each.getLevel() == Level.ERROR).count());
  }

  @Test
  void disagreement_theOtherEndpointGone_isNotOver() {
    diverge();
    second.fail(Fault.BAD_GATEWAY);
    ok(chain.read(knownId()));
    assertTrue(chain.health().disagreement());
    second.answer().chain().fork(null);
    untilTheyAgree();
  }

  @Test
  void endpoints_oneOfThemBehindOrWithoutNullRounds_agree() {
    local.anvil.mine(30);
    second.chain().lag(5);
    assertTrue(ok(chain.checkAgreement()));
    try (FaultyRpc lotus = FaultyRpc.filecoinLike(local.anvil, 3);
        FaultyRpc forest = FaultyRpc.filecoinLike(local.anvil, 3)) {
      forest.chain().silentNullRounds(true);
      lotus.chain().nullRounds(60);
      forest.chain().nullRounds(60).lag(4);
      EvmEscrow escrow = local.through(List.of(lotus.url(), forest.url()));
      try (EvmChain filecoin = new EvmChain(escrow, local.payee)) {
        assertTrue(ok(filecoin.checkAgreement()));
        assertEquals(DEPOSIT, ok(filecoin.read(knownId())).deposit());
      }
    }
  }
}
