package io.tollstream.gateway.payment;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static io.tollstream.channels.evm.LocalEscrow.refusal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Reservation.Ask;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Tab.Phase;
import io.tollstream.channels.Terms;
import io.tollstream.channels.Wallet.Deposited;
import io.tollstream.channels.evm.EvmChain;
import io.tollstream.channels.evm.EvmEscrow;
import io.tollstream.channels.evm.EvmNetwork;
import io.tollstream.channels.evm.EvmSession;
import io.tollstream.channels.evm.EvmWallet;
import io.tollstream.channels.evm.FollowPolicy;
import io.tollstream.channels.evm.LocalEscrow;
import io.tollstream.gateway.MemoryLedger;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestViewer;
import io.tollstream.metering.Amount;
import io.tollstream.metering.MeterPolicy;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What payers and reorganisations do on a real chain, and how soon the tabs know. */
@Timeout(120)
final class WatchOnChainTest {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration BLOCK = Duration.ofSeconds(2);
  private static final int DEPTH = 5;

  private final LocalEscrow local = LocalEscrow.start();
  private final EvmWallet wallet = new EvmWallet(local.escrow, local.payer);
  private final MemoryLedger ledger = new MemoryLedger();
  private final Vertx vertx = Vertx.vertx();
  private final Terms terms =
      new Terms(local.escrow.escrow(), local.payee.address(), Address.ZERO, Amount.of(10));
  private final List<Watching> watching = new ArrayList<>();

  /** A gateway's payments, from its start to its end. */
  private final class Watching implements AutoCloseable {
    final EvmChain chain = new EvmChain(escrow(), local.payee, local.payee, () -> ledger);
    final Tabs tabs = new Tabs(ledger, Instant::now);
    final Offer offer =
        new Offer(
            "film",
            TestGateway.PER_BYTE,
            MeterPolicy.BYTES,
            terms,
            new EvmSession(local.escrow.domainName(), chain, false),
            "e30",
            Amount.ZERO,
            List.of("hash"),
            Amount.ZERO,
            4);
    final ChannelWatch watch =
        new ChannelWatch(tabs, new Payments(tabs, new Deposits()), List.of(chain));

    /** Follows the chain, and looks at nothing of its own accord. */
    Watching follow() {
      watch.follow();
      watching.add(this);
      return this;
    }

    @Override
    public void close() {
      chain.close();
    }
  }

  @AfterEach
  void stop() {
    watching.forEach(Watching::close);
    wallet.close();
    local.close();
    TestGateway.await(vertx.close());
    ledger.close();
  }

  private EvmEscrow escrow() {
    EvmNetwork plain = local.escrow.network();
    EvmNetwork network =
        new EvmNetwork(
            plain.rpcUrls(), plain.chainId(), plain.requestTimeout(), POLL, Duration.ofSeconds(30));
    return new EvmEscrow(
            network, local.escrow.contract(), local.escrow.domainName(), local.escrow.finality())
        .followed(new FollowPolicy(DEPTH, 2_000, 2_880));
  }

  private Deposited open() {
    return ok(wallet.open(local.payee.address(), Address.ZERO, Amount.of(1_000)));
  }

  /** A tab of a channel, with this much authorized and spent. */
  private void sell(Watching gateway, Channel channel, long authorized, long spent) {
    Desk.await(
        gateway.tabs.open(channel, wallet.sign(channel.id(), Amount.of(authorized)), Amount.ZERO));
    spend(gateway, channel.id(), spent);
  }

  private static void spend(Watching gateway, ChannelId id, long quanta) {
    StreamId stream = gateway.tabs.newStream();
    Ask ask = new Ask(stream, TestGateway.PER_BYTE, 0, quanta, 0, Amount.ZERO);
    Desk.await(gateway.tabs.reserve(id, ask));
    Desk.await(gateway.tabs.settle(id, stream, quanta));
  }

  private Phase phase(ChannelId id) {
    return ledger.tab(id).phase();
  }

  private long affordable(ChannelId id) {
    return ledger.tab(id).affordable(TestGateway.PER_BYTE, Amount.ZERO);
  }

  private void awaitCursor() {
    TestViewer.eventually(
        () -> !ledger.notes().list("watch/").toCompletableFuture().join().isEmpty());
  }

  private void awaitDealtWith(Watching gateway) {
    long head = Long.decode(local.anvil.rpc("eth_blockNumber").asText());
    TestViewer.eventually(
        () ->
            gateway.watch.progress().values().stream()
                .allMatch(progress -> progress.head() >= head && progress.behind() == 0));
  }

  /** The block of each event of a channel, in their order. */
  private List<Long> blocks(ChannelId id) {
    List<Long> blocks = new ArrayList<>();
    JsonNode logs =
        local.anvil.rpc(
            "eth_getLogs",
            Map.of(
                "fromBlock", "0x0",
                "address", local.escrow.contract().hex(),
                "topics", Arrays.asList(null, id.hex())));
    logs.forEach(log -> blocks.add(Long.decode(log.path("blockNumber").asText())));
    return blocks;
  }

  @Test
  void forcedClose_whileBlocksCome_isRedeemedWithinTwoBlocks() {
    Watching gateway = new Watching().follow();
    List<Channel> channels = List.of(open().channel(), open().channel(), open().channel());
    channels.forEach(channel -> sell(gateway, channel, 600, 250));
    local.anvil.mineEvery(BLOCK);
    for (Channel channel : channels) {
      ok(wallet.requestClose(channel.id()));
      TestViewer.eventually(() -> phase(channel.id()) instanceof Phase.Closed);
      List<Long> blocks = blocks(channel.id());
      assertEquals(3, blocks.size(), "opened, requested, closed");
      assertTrue(blocks.get(2) - blocks.get(1) <= 2, blocks.toString());
      assertEquals(Amount.of(600), ok(wallet.read(channel.id())).settled());
    }
  }

  @Test
  void forcedClose_whileNobodyWatched_isSeenAtTheNextStart() {
    Channel channel = open().channel();
    try (Watching first = new Watching()) {
      first.watch.follow();
      sell(first, channel, 600, 250);
      awaitCursor();
    }
    ok(wallet.requestClose(channel.id()));
    local.anvil.mine(3 * DEPTH);
    new Watching().follow();
    TestViewer.eventually(() -> phase(channel.id()) instanceof Phase.Closed);
    assertEquals(Amount.of(600), ok(wallet.read(channel.id())).settled());
  }

  /** In the second case further back than the node's events are asked for. */
  @ParameterizedTest
  @ValueSource(ints = {10, 3_000})
  void forcedClose_gatewayDownForMostOfTheGracePeriod_isRedeemedInTimeAfterTheStart(int blocks) {
    Channel channel = open().channel();
    try (Watching first = new Watching()) {
      first.watch.follow();
      sell(first, channel, 600, 250);
      awaitCursor();
    }
    ok(wallet.requestClose(channel.id()));
    local.anvil.mine(blocks);
    local.anvil.passTime(LocalEscrow.GRACE.minusMinutes(2));
    new Watching().follow();
    TestViewer.eventually(() -> phase(channel.id()) instanceof Phase.Closed);
    Channel closed = ok(wallet.read(channel.id()));
    assertEquals(Amount.of(600), closed.settled());
    assertTrue(closed.finalized());
    local.anvil.passTime(LocalEscrow.GRACE);
    assertEquals(
        new Refusal.ChannelFinalized(channel.id()), refusal(wallet.withdraw(channel.id())));
  }

  @Test
  void withdraw_whileNobodyWatched_closesTheTabAndEndsItsStreams() {
    Channel channel = open().channel();
    try (Watching first = new Watching()) {
      first.watch.follow();
      sell(first, channel, 600, 250);
      awaitCursor();
    }
    ok(wallet.requestClose(channel.id()));
    local.anvil.passTime(LocalEscrow.GRACE.plusSeconds(1));
    ok(wallet.withdraw(channel.id()));
    Watching later = new Watching();
    Tab tab = ledger.tab(channel.id());
    Credit credit =
        new Credit(
            later.tabs,
            later.offer,
            tab,
            new Receipts(later.offer, "x", () -> Instant.EPOCH),
            vertx.getOrCreateContext());
    List<Refusal> ends = new CopyOnWriteArrayList<>();
    credit.listen(() -> {}, ends::add);
    assertTrue(later.tabs.join(credit, 4));
    later.follow();
    TestViewer.eventually(() -> phase(channel.id()) instanceof Phase.Closed);
    TestViewer.eventually(() -> ends.equals(List.of(new Refusal.ChannelFinalized(channel.id()))));
  }

  @Test
  void open_takenBackTwoBlocksDeep_sellsNothingUntilItIsMinedAgain() {
    Watching gateway = new Watching().follow();
    Deposited opened = open();
    ChannelId id = opened.channel().id();
    String raw = local.anvil.rpc("eth_getRawTransactionByHash", opened.transactionHash()).asText();
    local.anvil.mine(1);
    sell(gateway, opened.channel(), 600, 250);
    awaitDealtWith(gateway);
    assertEquals(350, affordable(id));
    local.anvil.rpc("anvil_reorg", 2, List.of());
    TestViewer.eventually(() -> affordable(id) == 0);
    assertEquals(Amount.ZERO, ledger.tab(id).channel().deposit());
    local.anvil.rpc("eth_sendRawTransaction", raw);
    TestViewer.eventually(() -> affordable(id) == 350);
  }

  @Test
  void topUp_takenBackThreeBlocksDeep_coversWhatIsLeftUntilItIsMinedAgain() {
    Watching gateway = new Watching().follow();
    Channel channel = open().channel();
    ChannelId id = channel.id();
    sell(gateway, channel, 600, 250);
    String before = local.anvil.rpc("evm_snapshot").asText();
    ok(wallet.topUp(channel, Amount.of(500)));
    local.anvil.mine(2);
    TestViewer.eventually(() -> ledger.tab(id).channel().deposit().equals(Amount.of(1_500)));
    Desk.await(gateway.tabs.accept(wallet.sign(id, Amount.of(1_400)), Amount.ZERO));
    spend(gateway, id, 950);
    awaitDealtWith(gateway);
    local.anvil.rpc("evm_revert", before);
    local.anvil.mine(4); // who takes something back has the longer chain
    TestViewer.eventually(() -> ledger.tab(id).channel().deposit().equals(Amount.of(1_000)));
    assertEquals(0, affordable(id));
    assertFalse(phase(id) instanceof Phase.Closed);
    try (EvmWallet restarted = new EvmWallet(local.escrow, local.payer)) { // its nonces went back
      ok(restarted.topUp(channel, Amount.of(500)));
    }
    TestViewer.eventually(() -> affordable(id) == 200);
  }

  @Test
  void topUp_thatNobodyToldOf_countsByItself() {
    Watching gateway = new Watching().follow();
    Channel channel = open().channel();
    sell(gateway, channel, 1_000, 250);
    ok(wallet.topUp(channel, Amount.of(500)));
    TestViewer.eventually(
        () -> ledger.tab(channel.id()).channel().deposit().equals(Amount.of(1_500)));
  }

  @Test
  void start_withoutAnyEvent_looksAtEveryChannelOnce() {
    Channel channel = open().channel();
    Watching gateway = new Watching();
    watching.add(gateway);
    sell(gateway, channel, 600, 250);
    ok(wallet.requestClose(channel.id()));
    local.anvil.mine(3 * DEPTH);
    gateway.watch.start(vertx, Duration.ofHours(1));
    TestViewer.eventually(() -> phase(channel.id()) instanceof Phase.Closed);
  }
}
