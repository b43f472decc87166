package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.MemoryNotes;
import io.tollstream.channels.Notes;
import io.tollstream.channels.Wallet.Deposited;
import io.tollstream.channels.evm.FaultyRpc.Fault;
import io.tollstream.metering.Amount;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What of an escrow's events is told, round by round, and what of it outlasts a restart. */
@Timeout(90)
final class EventRoundsTest {
  private static final int DEPTH = 3;
  private static final FollowPolicy SHALLOW = new FollowPolicy(DEPTH, 2_000, 2_880);
  private static final Finality AT_ONCE = Finality.confirmations(1);

  private final LocalEscrow local = LocalEscrow.start();
  private final FaultyRpc endpoint = FaultyRpc.before(local.anvil);
  private final EvmWallet wallet = new EvmWallet(local.escrow, local.payer);
  private final Notes notes = new MemoryNotes();
  private final RecordingFollower follower = new RecordingFollower();
  private final Rpc rpc = new Rpc(LocalEscrow.network(List.of(endpoint.url())));
  private final Node node = new Node(rpc);

  @AfterEach
  void stop() {
    rpc.close();
    wallet.close();
    endpoint.close();
    local.close();
  }

  private Journal.Store store() {
    return Journal.Store.of(notes, () -> true, true);
  }

  private EventRounds rounds(FollowPolicy policy, Finality finality) {
    return rounds(node, policy, finality);
  }

  private EventRounds rounds(Node asked, FollowPolicy policy, Finality finality) {
    EvmEscrow escrow =
        new EvmEscrow(
                local.escrow.network(),
                local.escrow.contract(),
                local.escrow.domainName(),
                finality)
            .followed(policy);
    return new EventRounds(asked, escrow, store(), new Listening(follower));
  }

  /** Rounds that have begun, and told what was there. */
  private EventRounds started(FollowPolicy policy, Finality finality) throws RpcFailure {
    EventRounds rounds = rounds(policy, finality);
    assertTrue(rounds.round());
    follower.taken();
    return rounds;
  }

  private EventRounds started() throws RpcFailure {
    return started(SHALLOW, AT_ONCE);
  }

  private Channel open() {
    return ok(wallet.open(local.payee.address(), Address.ZERO, Amount.of(1_000))).channel();
  }

  private String written() {
    return String.join("", notes.list("watch/").toCompletableFuture().join().values());
  }

  private long writtenBlock() {
    return Long.parseLong(written().split(" ", 2)[0]);
  }

  private long head() {
    return Long.decode(local.anvil.rpc("eth_blockNumber").asText());
  }

  @Test
  void round_firstEver_tellsNothingOfLongAgo() throws RpcFailure {
    open();
    local.anvil.mine(DEPTH + 1);
    EventRounds rounds = rounds(SHALLOW, AT_ONCE);
    assertTrue(rounds.round());
    assertEquals(Set.of(), follower.taken());
    assertEquals(head() - DEPTH, writtenBlock());
    ChannelId id = open().id();
    assertTrue(rounds.round());
    assertEquals(Set.of(id), follower.taken());
    assertEquals(head(), rounds.dealtWith());
  }

  @Test
  void round_everyEventOfALifetime_isToldOnce() throws RpcFailure {
    EventRounds rounds = started();
    Channel channel = open();
    assertTrue(rounds.round());
    assertEquals(Set.of(channel.id()), follower.taken());
    ok(wallet.topUp(channel, Amount.of(5)));
    assertTrue(rounds.round());
    assertEquals(Set.of(channel.id()), follower.taken());
    ok(wallet.requestClose(channel.id()));
    assertTrue(rounds.round());
    assertEquals(Set.of(channel.id()), follower.taken());
    assertTrue(rounds.round());
    local.anvil.mine(2);
    assertTrue(rounds.round());
    assertEquals(Set.of(), follower.taken());
  }

  @Test
  void round_nothingNew_asksForOneBlockAlone() throws RpcFailure {
    EventRounds rounds = started();
    assertTrue(rounds.round());
    int logs = endpoint.asked("eth_getLogs");
    int blocks = endpoint.asked("eth_getBlockByNumber");
    assertTrue(rounds.round());
    assertEquals(logs, endpoint.asked("eth_getLogs"));
    assertEquals(blocks + 1, endpoint.asked("eth_getBlockByNumber"));
  }

  @Test
  void restart_whatHappenedMeanwhile_isToldAtOnce() throws RpcFailure {
    Channel channel = open();
    local.anvil.mine(DEPTH + 1);
    started();
    ok(wallet.requestClose(channel.id()));
    local.anvil.mine(50);
    EventRounds later = rounds(SHALLOW, AT_ONCE);
    assertTrue(later.round());
    assertEquals(Set.of(channel.id()), follower.taken());
    assertEquals(0, follower.sweeps());
    assertEquals(head() - DEPTH, writtenBlock());
  }

  @Test
  void restart_whatWasToldInVain_isToldAgain() throws RpcFailure {
    Channel channel = open();
    local.anvil.mine(DEPTH + 1);
    EventRounds rounds = started();
    String before = written();
    ok(wallet.requestClose(channel.id()));
    local.anvil.mine(50);
    follower.fail(true);
    assertFalse(rounds.round());
    assertFalse(rounds.round());
    assertEquals(before, written());
    follower.taken();
    follower.fail(false);
    assertTrue(rounds(SHALLOW, AT_ONCE).round());
    assertEquals(Set.of(channel.id()), follower.taken());
  }

  @Test
  void round_toldInVain_isToldAgain() throws RpcFailure {
    EventRounds rounds = started();
    ChannelId id = open().id();
    follower.fail(true);
    assertFalse(rounds.round());
    assertEquals(Set.of(id), follower.taken());
    follower.fail(false);
    assertTrue(rounds.round());
    assertEquals(Set.of(id), follower.taken());
  }

  @Test
  void round_moreThanASliceAndOneInVain_tellsOnlyItsSliceAgain() throws RpcFailure {
    EventRounds rounds = started();
    List<ChannelId> ids = new ArrayList<>();
    while (ids.size() < Listening.SLICE + 6) {
      ids.add(open().id());
    }
    follower.failFor(ids.get(0));
    assertFalse(rounds.round());
    assertEquals(Set.copyOf(ids), follower.taken(), "the others all the same");
    assertEquals(Listening.SLICE, follower.most());
    assertFalse(rounds.round());
    Set<ChannelId> again = follower.taken();
    assertTrue(again.contains(ids.get(0)) && again.size() <= Listening.SLICE, again.toString());
    follower.failFor(null);
    assertTrue(rounds.round());
    assertEquals(again, follower.taken());
    assertTrue(rounds.round());
    assertEquals(Set.of(), follower.taken());
  }

  @Test
  void event_takenBackByTheChain_isToldOf() throws RpcFailure {
    EventRounds rounds = started();
    Deposited opened = ok(wallet.open(local.payee.address(), Address.ZERO, Amount.of(1_000)));
    Set<ChannelId> id = Set.of(opened.channel().id());
    String raw = local.anvil.rpc("eth_getRawTransactionByHash", opened.transactionHash()).asText();
    local.anvil.mine(1);
    assertTrue(rounds.round());
    assertEquals(id, follower.taken());
    local.anvil.rpc("anvil_reorg", 2, List.of());
    assertTrue(rounds.round());
    assertEquals(id, follower.taken());
    assertEquals(0, follower.sweeps());
    local.anvil.rpc("eth_sendRawTransaction", raw);
    assertTrue(rounds.round());
    assertEquals(id, follower.taken(), "it was mined again");
  }

  @Test
  void event_finalAtLast_isToldOfOnceMore() throws RpcFailure {
    EventRounds rounds = started(SHALLOW, Finality.confirmations(DEPTH + 5));
    ChannelId id = open().id();
    assertTrue(rounds.round());
    assertEquals(Set.of(id), follower.taken());
    for (int i = 0; i < DEPTH + 3; i++) {
      local.anvil.mine(1);
      assertTrue(rounds.round());
      assertEquals(Set.of(), follower.taken());
    }
    local.anvil.mine(1);
    assertTrue(rounds.round());
    assertEquals(Set.of(id), follower.taken());
    local.anvil.mine(1);
    assertTrue(rounds.round());
    assertEquals(Set.of(), follower.taken());
  }

  @Test
  void cursor_whatIsNotFinal_isNotWrittenDown() throws RpcFailure {
    local.anvil.mine(20);
    EventRounds rounds = started(SHALLOW, Finality.confirmations(10));
    long first = writtenBlock();
    local.anvil.mine(8);
    assertTrue(rounds.round());
    assertEquals(first, writtenBlock());
    local.anvil.mine(8);
    assertTrue(rounds.round());
    assertTrue(writtenBlock() <= head() - 9, written());
    assertTrue(writtenBlock() > first, written());
  }

  @Test
  void cursor_ofTwoGateways_movesForwardOnly() {
    Cursor cursor = new Cursor(store(), local.escrow.escrow());
    cursor.advance(new Cursor.Mark(7, "0xab"));
    new Cursor(store(), local.escrow.escrow()).advance(new Cursor.Mark(5, "0xcd"));
    assertEquals(new Cursor.Mark(7, "0xab"), cursor.read());
    cursor.advance(new Cursor.Mark(9, "0xef"));
    assertEquals("9 0xef", written());
  }

  @ParameterizedTest
  @EnumSource(Wording.class)
  void windows_endpointWithASmallerLimit_areHalvedAndNothingIsMissed(Wording wording)
      throws RpcFailure {
    local.anvil.mine(DEPTH + 1);
    started();
    ChannelId first = open().id();
    local.anvil.mine(30);
    ChannelId second = open().id();
    local.anvil.mine(30);
    endpoint.chain().wording(wording).logBlocks(7);
    roundUntilGood(rounds(SHALLOW, AT_ONCE));
    assertEquals(Set.of(first, second), follower.taken());
    assertEquals(0, follower.sweeps());
    assertTrue(endpoint.asked("eth_getLogs") >= 60 / 7, "in windows");
  }

  /**
   * Some endpoints say what they mind with a status: then a round fails, and the next asks less.
   */
  private static void roundUntilGood(EventRounds rounds) throws RpcFailure {
    for (int i = 0; i < 10; i++) {
      try {
        assertTrue(rounds.round());
        return;
      } catch (RpcFailure status) {
        assertFalse(status.isAnswer(), status.answer());
      }
    }
    assertTrue(rounds.round());
  }

  @Test
  void windows_tooManyEventsForOneAnswer_areHalved() throws RpcFailure {
    local.anvil.mine(DEPTH + 1);
    started();
    Set<ChannelId> ids = new HashSet<>();
    for (int i = 0; i < 5; i++) {
      ids.add(open().id());
    }
    endpoint.chain().logResults(2);
    assertTrue(rounds(SHALLOW, AT_ONCE).round());
    assertEquals(ids, follower.taken());
    assertEquals(0, follower.sweeps());
  }

  @Test
  void windows_replicaWithoutTheirLastBlock_areNotTakenForComplete() throws RpcFailure {
    ChannelId id = open().id();
    local.anvil.mine(1);
    long head = head();
    EventWindows windows = new EventWindows(node, local.escrow.contract(), 100);
    endpoint.chain().lag(2);
    assertThrows(RpcFailure.class, () -> windows.read(head - 1, head));
    endpoint.chain().lag(0);
    assertEquals(
        Set.of(id),
        Set.copyOf(
            windows.read(head - 1, head).events().stream().map(Sighting::channelId).toList()));
  }

  @Test
  void replica_thatLags_isToldOfOnceItCaughtUp() throws RpcFailure {
    EventRounds rounds = started();
    endpoint.chain().lag(1);
    ChannelId id = open().id();
    assertTrue(rounds.round());
    assertEquals(Set.of(), follower.taken());
    endpoint.chain().lag(0);
    assertTrue(rounds.round());
    assertEquals(Set.of(id), follower.taken());
  }

  @Test
  void replica_thatFellBack_takesNothingBackAtFirst() throws RpcFailure {
    EventRounds rounds = started();
    ChannelId id = open().id();
    assertTrue(rounds.round());
    assertEquals(Set.of(id), follower.taken());
    endpoint.chain().lag(1);
    assertThrows(RpcFailure.class, rounds::round);
    assertThrows(RpcFailure.class, rounds::round);
    assertEquals(Set.of(), follower.taken());
    assertTrue(rounds.round());
    assertEquals(Set.of(id), follower.taken(), "the chain is shorter, and that is that");
  }

  @Test
  void endpoint_firstOfTwoStandsStill_isFollowedThroughTheSecond() throws RpcFailure {
    try (FaultyRpc second = FaultyRpc.before(local.anvil);
        Rpc both = new Rpc(LocalEscrow.network(List.of(endpoint.url(), second.url())))) {
      EventRounds rounds = rounds(new Node(both), SHALLOW, AT_ONCE);
      assertTrue(rounds.round());
      long still = head();
      for (int i = 0; i < 5; i++) {
        ChannelId id = open().id();
        endpoint.chain().lag((int) (head() - still));
        assertTrue(rounds.round());
        assertEquals(Set.of(id), follower.taken());
        assertEquals(head(), rounds.newest());
      }
      assertTrue(both.health().get(0).demoted());
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Wording.class,
      names = {"LOTUS", "GETH"})
  void lookback_ofTheNode_hasEveryChannelLookedAt(Wording wording) throws RpcFailure {
    Channel channel = open();
    local.anvil.mine(DEPTH + 1);
    started();
    ok(wallet.requestClose(channel.id()));
    local.anvil.mine(50);
    endpoint.chain().wording(wording).lookback(20);
    EventRounds later = rounds(SHALLOW, AT_ONCE);
    assertTrue(later.round());
    assertEquals(1, follower.sweeps());
    ok(wallet.topUp(channel, Amount.of(5)));
    assertTrue(later.round());
    assertEquals(Set.of(channel.id()), follower.taken());
    assertEquals(1, follower.sweeps());
  }

  @Test
  void lookback_ofOurs_hasEveryChannelLookedAtAndAsksForNothingOlder() throws RpcFailure {
    started();
    local.anvil.mine(50);
    EventRounds later = rounds(new FollowPolicy(DEPTH, 10, 30), AT_ONCE);
    int before = endpoint.asked("eth_getLogs");
    assertTrue(later.round());
    assertEquals(1, follower.sweeps());
    assertEquals(before + 1, endpoint.asked("eth_getLogs"));
    assertTrue(later.round());
    assertEquals(head() - DEPTH, writtenBlock(), "the channels were all looked at");
  }

  @Test
  void sweep_inVain_isOwedStill() throws RpcFailure {
    started();
    String before = written();
    local.anvil.mine(50);
    follower.fail(true);
    EventRounds later = rounds(new FollowPolicy(DEPTH, 10, 30), AT_ONCE);
    assertTrue(later.round());
    assertEquals(1, follower.sweeps());
    local.anvil.mine(5);
    assertTrue(later.round());
    assertEquals(before, written());
  }

  @Test
  void nullRounds_manyOfThem_missNothing() throws RpcFailure {
    endpoint.chain().nullRounds(40);
    local.anvil.mine(DEPTH + 5);
    EventRounds rounds = started(new FollowPolicy(DEPTH, 4, 2_880), AT_ONCE);
    for (int i = 0; i < 5; i++) {
      ChannelId id = open().id();
      local.anvil.mine(9);
      assertTrue(rounds.round());
      assertEquals(Set.of(id), follower.taken());
    }
    assertEquals(0, follower.sweeps());
  }

  @Test
  void reorg_deeperThanFollowed_hasEveryChannelLookedAt() throws RpcFailure {
    local.anvil.mine(2);
    EventRounds rounds = started();
    ChannelId id = open().id();
    local.anvil.mine(DEPTH + 1);
    assertTrue(rounds.round());
    assertEquals(Set.of(id), follower.taken());
    local.anvil.setAutomine(false);
    local.anvil.rpc("anvil_reorg", DEPTH + 2, List.of());
    assertTrue(rounds.round());
    assertEquals(1, follower.sweeps());
  }

  @Test
  void chain_thrownBackBehindTheCursor_hasEveryChannelLookedAt() throws RpcFailure {
    String snapshot = local.anvil.rpc("evm_snapshot").asText();
    local.anvil.mine(40);
    started();
    local.anvil.rpc("evm_revert", snapshot);
    EventRounds later = rounds(SHALLOW, AT_ONCE);
    assertThrows(RpcFailure.class, later::round);
    assertThrows(RpcFailure.class, later::round);
    assertTrue(later.round());
    assertEquals(1, follower.sweeps());
    ChannelId id = open().id();
    assertTrue(later.round());
    assertEquals(Set.of(id), follower.taken());
  }

  @Test
  void fork_ofTheNode_hasEveryChannelLookedAt() throws RpcFailure {
    try (Anvil other =
        Anvil.start("--fork-url", local.anvil.url().toString(), "--chain-id", "31337")) {
      local.anvil.mine(20);
      other.mine(20);
      EventRounds rounds = started();
      endpoint.chain().fork(other);
      other.mine(1);
      assertTrue(rounds.round());
      assertEquals(1, follower.sweeps());
    }
  }

  @Test
  void endpoint_thatForbidsLogs_failsTheRoundAndTellsWhenItHeals() throws RpcFailure {
    EventRounds rounds = started();
    ChannelId id = open().id();
    endpoint.failMethod("eth_getLogs", Fault.LIMIT_EXCEEDED, Fault.INTERNAL_ERROR);
    assertThrows(RpcFailure.class, rounds::round);
    assertEquals(0, follower.sweeps());
    endpoint.answer();
    assertTrue(rounds.round());
    assertEquals(Set.of(id), follower.taken());
  }
}
