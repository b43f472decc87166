package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static io.tollstream.channels.evm.LocalEscrow.refusal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.evm.ChainHealth.Failure;
import io.tollstream.channels.evm.FaultyRpc.Fault;
import io.tollstream.metering.Amount;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Two endpoints, the first of which fails as public ones do. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
final class RpcFailoverTest {
  private static final ChannelId NO_CHANNEL = ChannelId.of(new byte[32]);
  private static final String BLOCK_NUMBER = "eth_blockNumber";

  private final LocalEscrow local = LocalEscrow.start();
  private final Anvil anvil = local.anvil;
  private FaultyRpc first = FaultyRpc.before(anvil);
  private FaultyRpc second = FaultyRpc.before(anvil);
  private final AtomicLong nanos = new AtomicLong();
  private Rpc rpc = rpc();

  private Rpc rpc() {
    return new Rpc(network(), nanos::get);
  }

  private EvmNetwork network() {
    return new EvmNetwork(
        List.of(first.url(), second.url()),
        Anvil.CHAIN_ID,
        Duration.ofSeconds(1),
        Duration.ofMillis(50),
        Duration.ofSeconds(10));
  }

  @AfterEach
  void startAnew() {
    stopEndpoints();
    first = FaultyRpc.before(anvil);
    second = FaultyRpc.before(anvil);
    rpc = rpc();
  }

  private void stopEndpoints() {
    rpc.close();
    first.close();
    second.close();
  }

  @AfterAll
  void stop() {
    stopEndpoints();
    local.close();
  }

  private int askedOfFirst() {
    return first.asked(BLOCK_NUMBER);
  }

  private ChainHealth.Endpoint health(int index) {
    return rpc.health().get(index);
  }

  private void pass(long probationNanos) {
    nanos.addAndGet(probationNanos);
  }

  @ParameterizedTest
  @CsvSource({
    "TOO_MANY, RATE_LIMITED",
    "TOO_MANY_RETRY_AFTER, RATE_LIMITED",
    "LIMIT_EXCEEDED, RATE_LIMITED",
    "INTERNAL_ERROR, INTERNAL_ERROR",
    "BAD_GATEWAY, UNREADABLE",
    "PAGE, UNREADABLE",
    "NEVER, UNREACHABLE",
    "TRUNCATED, UNREADABLE",
    "RESET, UNREACHABLE"
  })
  void endpoint_thatFails_isAskedLastUntilItsProbationEnds(Fault fault, Failure kind)
      throws RpcFailure {
    rpc.head();
    first.fail(fault);
    rpc.head();
    assertEquals(new ChainHealth.Endpoint(1, kind, 0, true), health(0));
    assertFalse(health(1).demoted());
    int asked = askedOfFirst();
    rpc.head();
    assertEquals(asked, askedOfFirst(), "asked during its probation");
    first.answer();
    pass(EndpointHealth.FIRST_PROBATION_NANOS);
    rpc.head();
    assertEquals(asked + 1, askedOfFirst(), "not asked after its probation");
    assertFalse(health(0).demoted());
  }

  @Test
  void probation_failureAfterFailure_growsToABound() throws RpcFailure {
    first.fail(Fault.BAD_GATEWAY);
    long expected = EndpointHealth.FIRST_PROBATION_NANOS;
    for (int i = 0; i < 9; i++) {
      rpc.head();
      pass(expected - 1);
      assertTrue(health(0).demoted());
      pass(1);
      assertFalse(health(0).demoted());
      expected = Math.min(2 * expected, EndpointHealth.MAX_PROBATION_NANOS);
    }
    assertEquals(EndpointHealth.MAX_PROBATION_NANOS, expected);
    first.answer();
    rpc.head();
    first.fail(Fault.BAD_GATEWAY);
    rpc.head();
    pass(EndpointHealth.FIRST_PROBATION_NANOS);
    assertFalse(health(0).demoted());
  }

  @Test
  void endpoint_thatNamesATime_isNotAskedBeforeWhateverTheOthersDo() throws RpcFailure {
    second.fail(Fault.BAD_GATEWAY);
    first.fail(Fault.TOO_MANY_UNTIL_TOMORROW);
    RpcFailure failure = assertThrows(RpcFailure.class, () -> rpc.head());
    assertEquals(Failure.RATE_LIMITED, failure.kind());
    assertInstanceOf(Refusal.Unavailable.class, failure.toRefusal());
    int asked = first.asked("eth_chainId");
    pass(EndpointHealth.MAX_RETRY_AFTER_NANOS - 1);
    assertThrows(RpcFailure.class, () -> rpc.head());
    assertEquals(asked, first.asked("eth_chainId"));
    first.answer();
    pass(1);
    rpc.head();
  }

  @Test
  void endpoints_allFailing_areStillAskedAndTheReasonIsTold() throws RpcFailure {
    first.fail(Fault.TOO_MANY);
    second.fail(Fault.TOO_MANY);
    assertThrows(RpcFailure.class, () -> rpc.head());
    RpcFailure failure = assertThrows(RpcFailure.class, () -> rpc.head());
    assertEquals("RPC endpoint 1 of 2 wants to be asked less", failure.getMessage());
    second.answer();
    rpc.head();
  }

  @Test
  void endpoint_thatAnswersForTheChain_doesNotFail() {
    Node node = new Node(rpc);
    Call revert = new EscrowCalls(local.escrow.contract()).requestClose(NO_CHANNEL);
    assertTrue(
        assertThrows(RpcFailure.class, () -> node.simulate(Address.ZERO, revert)).isRevert());
    assertEquals(0, second.asked("eth_call"));
    assertEquals(new ChainHealth.Endpoint(0, Failure.NONE, 0, false), health(0));
  }

  @ParameterizedTest
  @EnumSource(Wording.class)
  void block_thatTheFirstDoesNotKnowYet_isReadFromTheSecond(Wording wording) throws RpcFailure {
    anvil.mine(5);
    long newest = rpc.head();
    first.chain().lag(2).wording(wording);
    Node node = new Node(rpc);
    assertEquals(newest, node.block(newest).number());
    assertEquals(Failure.LAGS, health(0).lastFailure());
    pass(EndpointHealth.FIRST_PROBATION_NANOS);
    node.balance(Address.ZERO, local.payer.address());
    assertEquals(2, health(0).failures());
  }

  @Test
  void head_ofAReplicaThatLags_isTheHighestToldLately() throws RpcFailure {
    anvil.mine(9);
    long newest = rpc.head();
    first.chain().lag(7);
    assertEquals(newest, rpc.head());
    assertEquals(7, health(0).lagBlocks());
    assertTrue(health(0).demoted());
    second.chain().lag(7);
    assertEquals(newest, rpc.head());
    pass(Heads.remembered(network()).toNanos());
    assertEquals(newest - 7, rpc.head(), "a chain that did become shorter");
  }

  @Test
  void conversation_thatOneCannotFinish_isBegunAgainWithTheNext() throws RpcFailure {
    first.failMethod("eth_getBlockByNumber", Fault.BAD_GATEWAY);
    Node.Block block =
        new Node(rpc)
            .onOne(
                one -> {
                  one.nextNonce(Address.ZERO);
                  return one.block(1);
                });
    assertEquals(1, block.number());
    assertEquals(1, first.asked("eth_getTransactionCount"));
    assertEquals(1, second.asked("eth_getTransactionCount"));
  }

  @Test
  void lifecycle_firstFailsNowAndThen_goesOn() {
    first.failSome(30, Fault.TOO_MANY, Fault.BAD_GATEWAY, Fault.TRUNCATED, Fault.RESET);
    EvmEscrow escrow = local.through(List.of(first.url(), second.url()));
    try (EvmChain chain = new EvmChain(escrow, local.payee);
        EvmWallet wallet = new EvmWallet(escrow, local.payer)) {
      var opened = ok(wallet.open(local.payee.address(), local.token, Amount.of(100)));
      var id = opened.channel().id();
      ok(chain.awaitOpen(opened.transactionHash(), id));
      ok(chain.settle(wallet.sign(id, Amount.of(9))));
      assertTrue(ok(chain.close(id, wallet.sign(id, Amount.of(10)))).channel().finalized());
    }
  }

  @Test
  void head_everyoneRateLimited_isUnavailableWithTheReason() {
    first.fail(Fault.TOO_MANY);
    second.fail(Fault.LIMIT_EXCEEDED);
    EvmEscrow escrow = local.through(List.of(first.url(), second.url()));
    try (EvmChain chain = new EvmChain(escrow, local.payee)) {
      Refusal refusal = refusal(chain.head());
      String what = assertInstanceOf(Refusal.Unavailable.class, refusal).what();
      assertTrue(what.contains("asked less") && !what.contains("127.0.0.1"), what);
      assertEquals(Failure.RATE_LIMITED, chain.health().endpoints().get(1).lastFailure());
    }
  }
}
