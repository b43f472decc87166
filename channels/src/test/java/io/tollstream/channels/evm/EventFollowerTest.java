package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.Chain.Following;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.evm.FaultyRpc.Fault;
import io.tollstream.metering.Amount;
import java.net.URI;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A chain that is followed while its endpoints fail. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
final class EventFollowerTest {
  private final LocalEscrow local = LocalEscrow.start();
  private final FaultyRpc endpoint = FaultyRpc.before(local.anvil);
  private final EvmWallet wallet = new EvmWallet(local.escrow, local.payer);
  private final RecordingFollower follower = new RecordingFollower();
  private final Set<ChannelId> told = new HashSet<>();

  @AfterEach
  void heal() {
    endpoint.answer().chain().none();
  }

  @AfterAll
  void stop() {
    wallet.close();
    endpoint.close();
    local.close();
  }

  private EvmChain chain(URI... urls) {
    EvmNetwork plain = local.escrow.network();
    EvmNetwork network =
        new EvmNetwork(
            List.of(urls),
            plain.chainId(),
            Duration.ofSeconds(1),
            plain.pollInterval(),
            plain.transactionTimeout());
    return new EvmChain(
        new EvmEscrow(
            network, local.escrow.contract(), local.escrow.domainName(), local.escrow.finality()),
        local.payee);
  }

  private ChannelId open() {
    return ok(wallet.open(local.payee.address(), Address.ZERO, Amount.of(1_000))).channel().id();
  }

  private static void until(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      assertFalse(Thread.currentThread().isInterrupted(), "timed out");
      LockSupport.parkNanos(2_000_000);
    }
  }

  private boolean isTold(ChannelId id) {
    told.addAll(follower.taken());
    return told.contains(id);
  }

  private long head() {
    return Long.decode(local.anvil.rpc("eth_blockNumber").asText());
  }

  /** Of those that it asks at all: who wants silence until tomorrow gets half a minute of it. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "TOO_MANY_UNTIL_TOMORROW")
  void endpoint_failing_isAskedUntilItAnswers(Fault fault) {
    try (EvmChain chain = chain(endpoint.url());
        Following following = chain.follow(follower)) {
      until(() -> following.progress().head() == head() && following.progress().behind() == 0);
      endpoint.fail(fault);
      ChannelId id = open();
      int asked = endpoint.asked("eth_getBlockByNumber");
      until(() -> endpoint.asked("eth_getBlockByNumber") > asked + 1);
      assertTrue(fault == Fault.LATE || !isTold(id));
      endpoint.answer();
      until(() -> isTold(id));
      until(() -> following.progress().behind() == 0);
      assertEquals(head(), following.progress().head());
    }
  }

  @Test
  void endpoint_failing_showsInTheTimeSinceItAnswered() {
    try (EvmChain chain = chain(endpoint.url());
        Following following = chain.follow(follower)) {
      until(() -> following.progress().head() > 0);
      endpoint.fail(Fault.BAD_GATEWAY);
      until(() -> following.progress().sinceGood().compareTo(Duration.ofSeconds(2)) > 0);
      endpoint.answer();
      until(() -> following.progress().sinceGood().compareTo(Duration.ofSeconds(1)) < 0);
    }
  }

  @Test
  void endpoints_firstFailing_theSecondIsFollowed() {
    try (EvmChain chain = chain(endpoint.url(), local.anvil.url());
        Following following = chain.follow(follower)) {
      until(() -> following.progress().head() > 0);
      endpoint.fail(Fault.BAD_GATEWAY, Fault.RESET, Fault.PAGE, Fault.TOO_MANY);
      ChannelId id = open();
      until(() -> isTold(id));
    }
  }

  @Test
  void filecoin_likeIt_missesNothing() {
    try (FaultyRpc filecoin = FaultyRpc.filecoinLike(local.anvil, 7)) {
      filecoin.chain().nullRounds(30).lag(1);
      assertMissesNothing(filecoin);
    }
  }

  private void assertMissesNothing(FaultyRpc filecoin) {
    try (EvmChain chain = chain(filecoin.url());
        Following following = chain.follow(follower)) {
      until(() -> following.progress().head() > 0);
      filecoin.failSome(3, Fault.TOO_MANY, Fault.BAD_GATEWAY, Fault.INTERNAL_ERROR);
      Set<ChannelId> opened = new HashSet<>();
      for (int i = 0; i < 5; i++) {
        opened.add(open());
        local.anvil.mine(7);
      }
      until(() -> opened.stream().allMatch(this::isTold));
      assertEquals(0, follower.sweeps());
    }
  }

  @Test
  void follower_closed_isToldNothingMore() {
    try (EvmChain chain = chain(endpoint.url())) {
      Following following = chain.follow(follower);
      until(() -> following.progress().head() > 0);
      following.close();
      int asked = endpoint.asked("eth_getBlockByNumber");
      ChannelId id = open();
      ok(chain.head());
      assertFalse(isTold(id));
      assertEquals(asked, endpoint.asked("eth_getBlockByNumber"));
    }
  }
}
