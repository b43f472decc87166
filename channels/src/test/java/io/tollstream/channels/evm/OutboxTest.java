package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static io.tollstream.channels.evm.LocalEscrow.refusal;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.Chain.Redemption;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.MemoryNotes;
import io.tollstream.channels.Notes;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.evm.Reverts.Attempt;
import io.tollstream.channels.ledger.SqliteLedger;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a payee's transactions when the chain, the node or the process fails them. */
@Timeout(90)
final class OutboxTest {
  private static final Duration REPLACE_AFTER = Duration.ofMillis(300);
  private static final Finality AT_ONCE = Finality.confirmations(1);

  /** For whoever must find a transaction pending, however late he asks. */
  private static final Finality LATER = Finality.confirmations(4);

  private final LocalEscrow local = LocalEscrow.start();
  private final EvmWallet wallet = new EvmWallet(local.escrow, local.payer);
  private final Notes notes = new MemoryNotes();
  private final List<EvmChain> chains = new ArrayList<>();

  @AfterEach
  void stop() {
    chains.forEach(EvmChain::close);
    wallet.close();
    local.close();
  }

  private EvmChain chain() {
    return chain(AT_ONCE, new GasPolicy(REPLACE_AFTER, 25, null), true);
  }

  private EvmChain chain(Finality finality, GasPolicy gas, boolean leads) {
    EvmChain chain =
        new EvmChain(
            escrow(finality, gas), local.payee, Journal.Store.of(notes, () -> leads, true));
    chains.add(chain);
    return chain;
  }

  private EvmEscrow escrow(Finality finality, GasPolicy gas) {
    return new EvmEscrow(
        network(gas), local.escrow.contract(), local.escrow.domainName(), finality);
  }

  private EvmNetwork network(GasPolicy gas) {
    return network(gas, Duration.ofSeconds(20));
  }

  private EvmNetwork network(GasPolicy gas, Duration transactionTimeout) {
    EvmNetwork plain = local.escrow.network();
    return new EvmNetwork(
        plain.rpcUrls(),
        plain.chainId(),
        plain.requestTimeout(),
        plain.pollInterval(),
        transactionTimeout,
        gas);
  }

  private ChannelId open() {
    return ok(wallet.open(local.payee.address(), Address.ZERO, Amount.of(1_000))).channel().id();
  }

  private static void until(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      assertFalse(Thread.currentThread().isInterrupted(), "timed out");
    }
  }

  private SortedMap<String, String> written() {
    return notes.list("").toCompletableFuture().join();
  }

  private Outgoing onlyWritten() {
    return Outgoing.parse(BigInteger.ZERO, requireNonNull(written().get(written().firstKey())));
  }

  private boolean isInPool(String hash) {
    return local.anvil.rpc("eth_getTransactionByHash", hash).path("blockHash").isNull()
        && local.anvil.rpc("eth_getTransactionByHash", hash).has("hash");
  }

  private String pooled() {
    until(() -> written().size() == 1 && isInPool(onlyWritten().hash()));
    return onlyWritten().hash();
  }

  private int sent() {
    return Integer.decode(
        local.anvil.rpc("eth_getTransactionCount", local.payee.address().hex(), "latest").asText());
  }

  @Test
  void settle_droppedByTheNode_isBroadcastAgainToTheLetter() {
    ChannelId id = open();
    local.anvil.setAutomine(false);
    CompletionStage<Result<Redemption>> settled = chain().settle(wallet.sign(id, Amount.of(5)));
    String hash = pooled();
    local.anvil.rpc("anvil_dropTransaction", hash);
    until(() -> isInPool(hash));
    local.anvil.mine(1);
    assertEquals(hash, ok(settled).transactionHash());
    assertEquals(1, sent());
    until(() -> written().isEmpty());
  }

  @Test
  void settle_baseFeeRoseAboveIt_isReplacedForMoreUnderTheSameNonce() {
    ChannelId id = open();
    local.anvil.setAutomine(false);
    CompletionStage<Result<Redemption>> settled = chain().settle(wallet.sign(id, Amount.of(5)));
    String hash = pooled();
    local.anvil.rpc("anvil_setNextBlockBaseFeePerGas", "0x2540be40000");
    local.anvil.mine(1);
    until(() -> !onlyWritten().hash().equals(hash) && isInPool(onlyWritten().hash()));
    assertEquals(List.of(hash), onlyWritten().hashes().subList(0, 1));
    local.anvil.mine(1);
    assertNotEquals(hash, ok(settled).transactionHash());
    assertEquals(1, sent());
  }

  @Test
  void raised_byThePremium_isThatMuchMoreOrNothingAboveTheCeiling() throws RpcFailure {
    Call call = new EscrowCalls(local.escrow.contract()).close(open());
    try (Rpc rpc = new Rpc(network(GasPolicy.DEFAULT))) {
      SignedTransactions free = signing(rpc, new GasPolicy(REPLACE_AFTER, 25, null));
      String raw = free.sign(requireNonNull(free.draft(order(call))), BigInteger.ZERO).raw();
      BigInteger before = most(raw);
      BigInteger enough = before.multiply(BigInteger.valueOf(5)).divide(BigInteger.valueOf(4));
      String raised = requireNonNull(free.raised(raw, false)).raw();
      SentTransaction what = SentTransaction.decode(raised);
      assertEquals(call, new Call(new Address(what.to()), what.data(), what.value()));
      assertTrue(most(raised).compareTo(enough) >= 0);
      assertTrue(
          most(requireNonNull(free.raised(raised, false)).raw()).compareTo(most(raised)) > 0);
      BigInteger little = enough.subtract(BigInteger.TEN);
      SignedTransactions dear = signing(rpc, new GasPolicy(REPLACE_AFTER, 25, little));
      assertEquals(null, dear.raised(raw, false));
      assertTrue(most(requireNonNull(dear.raised(raw, true)).raw()).compareTo(enough) >= 0);
    }
  }

  private SignedTransactions signing(Rpc rpc, GasPolicy gas) {
    return new SignedTransactions(new Node(rpc), local.payee, network(gas));
  }

  private static Order order(Call call) {
    return Order.of(
        call, "", new Attempt(ChannelId.of(new byte[32]), Amount.ZERO, Amount.of(1_000)));
  }

  private static BigInteger most(String raw) {
    return SentTransaction.decode(raw).most();
  }

  @Test
  void settle_gasAboveTheCeiling_isNotSentUntilItIsBelow() {
    ChannelId id = open();
    Voucher voucher = wallet.sign(id, Amount.of(5));
    local.anvil.rpc("anvil_setNextBlockBaseFeePerGas", "0x2540be400");
    local.anvil.mine(1);
    BigInteger ceiling = BigInteger.valueOf(9_000_000_000L);
    EvmChain chain = chain(AT_ONCE, new GasPolicy(REPLACE_AFTER, 25, ceiling), true);
    assertEquals(
        new Refusal.Unavailable("gas costs more than the ceiling"), refusal(chain.settle(voucher)));
    assertEquals(Map.of(), written());
    local.anvil.rpc("anvil_setNextBlockBaseFeePerGas", "0x3b9aca00");
    local.anvil.mine(1);
    ok(chain.settle(voucher));
  }

  @Test
  void close_revertedWhenMined_isRefusedForGood() {
    ChannelId id = open();
    String code = local.anvil.rpc("eth_getCode", local.escrow.contract().hex(), "latest").asText();
    local.anvil.setAutomine(false);
    CompletionStage<Result<Redemption>> closed = chain().close(id, null);
    pooled();
    local.anvil.setCode(local.escrow.contract(), "0x60006000fd");
    local.anvil.mine(1);
    assertInstanceOf(Refusal.TransactionReverted.class, refusal(closed));
    local.anvil.setCode(local.escrow.contract(), code);
    assertEquals(1, sent());
    until(() -> written().isEmpty());
  }

  @Test
  void close_revertedAndNotFinalYet_canBeSentAgain() {
    ChannelId id = open();
    String code = local.anvil.rpc("eth_getCode", local.escrow.contract().hex(), "latest").asText();
    EvmChain chain = chain(Finality.confirmations(100), GasPolicy.DEFAULT, true);
    local.anvil.setAutomine(false);
    CompletionStage<Result<Redemption>> closed = chain.close(id, null);
    pooled();
    local.anvil.setCode(local.escrow.contract(), "0x60006000fd");
    local.anvil.mine(1);
    assertInstanceOf(Refusal.TransactionReverted.class, refusal(closed));
    local.anvil.setCode(local.escrow.contract(), code);
    local.anvil.setAutomine(true);
    assertTrue(ok(chain.close(id, null)).channel().finalized());
    assertEquals(2, written().size(), "neither is final yet");
  }

  @Test
  void settle_nonceTakenByAnotherTransactionOfTheKey_isGivenUp() {
    ChannelId id = open();
    local.anvil.setAutomine(false);
    EvmChain chain = chain(AT_ONCE, new GasPolicy(Duration.ofSeconds(3), 25, null), true);
    CompletionStage<Result<Redemption>> settled = chain.settle(wallet.sign(id, Amount.of(5)));
    String hash = pooled();
    takeFirstNonce();
    local.anvil.mine(1);
    assertEquals(1, sent());
    assertTrue(local.anvil.rpc("eth_getTransactionReceipt", hash).isNull());
    assertEquals(
        new Refusal.Unavailable("another transaction of the account has taken its nonce"),
        refusal(settled));
    assertEquals(Map.of(), written());
    local.anvil.setAutomine(true);
    ok(chain.settle(wallet.sign(id, Amount.of(5))));
  }

  @Test
  void open_writtenDownAndNeverBroadcast_isBroadcastAndJoined() throws RpcFailure {
    ChannelId id = open();
    Voucher voucher = wallet.sign(id, Amount.of(5));
    Call call = new EscrowCalls(local.escrow.contract()).settle(voucher);
    String hash;
    local.anvil.setAutomine(false);
    try (Rpc rpc = new Rpc(network(GasPolicy.DEFAULT))) {
      SignedTransactions signing = signing(rpc, GasPolicy.DEFAULT);
      Outgoing outgoing =
          Outgoing.of(
              BigInteger.ZERO,
              "settle " + id.hex() + " 5",
              signing.sign(requireNonNull(signing.draft(order(call))), BigInteger.ZERO),
              System.currentTimeMillis());
      Journal.Store store = Journal.Store.of(notes, () -> true, true);
      assertTrue(new Journal(store, Anvil.CHAIN_ID, local.payee.address()).put(outgoing));
      hash = outgoing.hash();
    }
    EvmChain chain = chain(LATER, new GasPolicy(Duration.ofMinutes(5), 25, null), true);
    until(() -> isInPool(hash));
    CompletionStage<Result<Redemption>> again = chain.settle(voucher);
    local.anvil.mine(1);
    assertEquals(hash, ok(again).transactionHash());
    assertEquals(1, sent());
    local.anvil.mine(3);
    until(() -> written().isEmpty());
  }

  @Test
  void open_afterACrashBehindTheBroadcast_sendsNothingTwice(@TempDir Path temp) {
    ChannelId id = open();
    Voucher voucher = wallet.sign(id, Amount.of(5));
    EvmEscrow escrow = escrow(LATER, new GasPolicy(Duration.ofMinutes(5), 25, null));
    local.anvil.setAutomine(false);
    String hash;
    try (SqliteLedger ledger = SqliteLedger.open(temp, SqliteLedger.Settings.DEFAULT)) {
      EvmChain chain = new EvmChain(escrow, local.payee, local.payee, () -> ledger);
      CompletionStage<Result<Redemption>> settled = chain.settle(voucher);
      until(() -> ledger.notes().list("tx/").toCompletableFuture().join().size() == 1);
      until(() -> !local.anvil.rpc("txpool_status").path("pending").asText().equals("0x0"));
      chain.close();
      assertInstanceOf(Refusal.Unavailable.class, refusal(settled));
      SortedMap<String, String> left = ledger.notes().list("tx/").toCompletableFuture().join();
      hash = Outgoing.parse(BigInteger.ZERO, requireNonNull(left.get(left.firstKey()))).hash();
    }
    try (SqliteLedger ledger = SqliteLedger.open(temp, SqliteLedger.Settings.DEFAULT);
        EvmChain chain = new EvmChain(escrow, local.payee, local.payee, () -> ledger)) {
      CompletionStage<Result<Redemption>> again = chain.settle(voucher);
      assertTrue(isInPool(hash));
      local.anvil.mine(1);
      assertEquals(hash, ok(again).transactionHash());
      assertEquals(1, sent());
      local.anvil.mine(3);
      until(() -> ledger.notes().list("").toCompletableFuture().join().isEmpty());
    }
  }

  @Test
  void settle_twoGatewaysWithOneKey_takeDifferentNonces() {
    List<EvmChain> gateways = List.of(chain(), chain());
    List<ChannelId> ids = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      ids.add(open());
    }
    List<CompletionStage<Result<Redemption>>> settled = new ArrayList<>();
    for (int i = 0; i < ids.size(); i++) {
      settled.add(gateways.get(i % 2).settle(wallet.sign(ids.get(i), Amount.of(5))));
    }
    settled.forEach(LocalEscrow::ok);
    assertEquals(ids.size(), sent());
  }

  @Test
  void close_onTwoGatewaysAtOnce_isSentOnce() {
    ChannelId id = open();
    Voucher voucher = wallet.sign(id, Amount.of(5));
    local.anvil.setAutomine(false);
    CompletionStage<Result<Redemption>> one =
        chain(LATER, GasPolicy.DEFAULT, true).close(id, voucher);
    pooled();
    EvmChain second = chain(LATER, GasPolicy.DEFAULT, false);
    CompletionStage<Result<Redemption>> other = second.close(id, voucher);
    local.anvil.mine(1);
    assertEquals(ok(one).transactionHash(), ok(other).transactionHash());
    assertEquals(1, sent());
    local.anvil.mine(3);
    until(() -> written().isEmpty());
  }

  @Test
  void close_takenBackByTheChain_isMinedAgain() {
    ChannelId id = open();
    EvmChain chain =
        chain(Finality.confirmations(4), new GasPolicy(Duration.ofMinutes(5), 25, null), true);
    local.anvil.mine(4);
    String hash = ok(chain.close(id, wallet.sign(id, Amount.of(5)))).transactionHash();
    assertEquals(1, written().size());
    local.anvil.setAutomine(false);
    local.anvil.rpc("anvil_reorg", 1, List.of());
    assertTrue(local.anvil.rpc("eth_getTransactionReceipt", hash).isNull());
    until(() -> isInPool(hash));
    local.anvil.mine(4);
    until(() -> written().isEmpty());
    assertTrue(ok(chain.read(id)).finalized());
    assertEquals(1, sent());
  }

  /** By something that no gateway has written down. */
  private void takeFirstNonce() {
    local.anvil.rpc(
        "eth_sendTransaction",
        Map.of(
            "from", local.payee.address().hex(),
            "to", local.payer.address().hex(),
            "nonce", "0x0",
            "gas", "0x5208",
            "maxFeePerGas", "0x2540be40000",
            "maxPriorityFeePerGas", "0x2540be4000"));
  }

  @Test
  void close_nonceTakenAndThatNotFinal_isSentUnderAnother() {
    ChannelId id = open();
    GasPolicy gas = new GasPolicy(REPLACE_AFTER, 25, null);
    EvmEscrow slow =
        new EvmEscrow(
            network(gas, Duration.ofSeconds(1)),
            local.escrow.contract(),
            local.escrow.domainName(),
            Finality.confirmations(100));
    EvmChain chain = new EvmChain(slow, local.payee, Journal.Store.of(notes, () -> true, true));
    chains.add(chain);
    local.anvil.setAutomine(false);
    CompletionStage<Result<Redemption>> first = chain.close(id, wallet.sign(id, Amount.of(5)));
    pooled();
    takeFirstNonce();
    local.anvil.mine(1);
    local.anvil.setAutomine(true);
    assertInstanceOf(Refusal.TransactionPending.class, refusal(first));
    until(
        () ->
            LocalEscrow.await(chain.close(id, wallet.sign(id, Amount.of(5)))) instanceof Result.Ok);
    assertTrue(ok(wallet.read(id)).finalized());
    assertEquals(2, sent());
    assertEquals(2, written().size(), "the chain may yet take back what took the nonce");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 5})
  void close_payerBurnsAllGasOnceItIsSent_isMinedAndHisCoinPutAside(long amount) {
    ChannelId id = open();
    @Nullable Voucher voucher = amount == 0 ? null : wallet.sign(id, Amount.of(amount));
    local.anvil.setAutomine(false);
    CompletionStage<Result<Redemption>> closed = chain().close(id, voucher);
    pooled();
    local.anvil.setCode(local.payer.address(), "0x5b600056");
    local.anvil.mine(1);
    assertTrue(ok(closed).channel().finalized());
  }

  @Test
  void settle_nodeCountsAnOldPool_takesTheNonceThatTheNewestBlockLeaves() {
    ChannelId id = open();
    takeFirstNonce();
    try (FaultyRpc node = FaultyRpc.before(local.anvil);
        EvmChain chain = new EvmChain(local.through(List.of(node.url())), local.payee)) {
      node.chain().oldPool(1);
      ok(chain.settle(wallet.sign(id, Amount.of(5))));
      assertEquals(2, sent());
    }
  }

  @Test
  void broadcast_oneTakesItWhoseNonceIsTaken_countsAsRefused() throws RpcFailure {
    Call call = new EscrowCalls(local.escrow.contract()).close(open());
    try (FaultyRpc first = FaultyRpc.before(local.anvil);
        FaultyRpc second = FaultyRpc.before(local.anvil);
        Rpc rpc = new Rpc(local.through(List.of(first.url(), second.url())).network())) {
      SignedTransactions signing = signing(rpc, GasPolicy.DEFAULT);
      Journal journal =
          new Journal(Journal.Store.inMemory(), Anvil.CHAIN_ID, local.payee.address());
      Tending tending =
          new Tending(
              new Node(rpc),
              signing,
              journal,
              new Tending.Rules(network(GasPolicy.DEFAULT), AT_ONCE, InstantSource.system()));
      SignedTransactions.Draft draft = requireNonNull(signing.draft(order(call)));
      Outgoing foiled = Outgoing.of(BigInteger.ZERO, "", signing.sign(draft, BigInteger.ZERO), 0);
      Outgoing own = Outgoing.of(BigInteger.ONE, "", signing.sign(draft, BigInteger.ONE), 0);
      takeFirstNonce();
      first.chain().loseTransactions(true);
      assertTrue(requireNonNull(tending.broadcast(foiled)).isNonceTooLow());
      assertEquals(null, tending.broadcast(own));
      assertEquals(2, sent());
      assertEquals(null, tending.broadcast(own), "its own nonce is taken by itself");
    }
  }

  @Test
  void close_payerWantsItAndGasIsAboveTheCeiling_isSentAndLiftsWhatIsBeforeIt() {
    ChannelId id = open();
    ChannelId leaving = open();
    BigInteger ceiling = BigInteger.valueOf(9_000_000_000L);
    EvmChain chain = chain(AT_ONCE, new GasPolicy(REPLACE_AFTER, 25, ceiling), true);
    local.anvil.setAutomine(false);
    CompletionStage<Result<Redemption>> stuck = chain.settle(wallet.sign(id, Amount.of(5)));
    pooled();
    mineDear();
    local.anvil.setAutomine(true);
    CompletionStage<Result<String>> requested = wallet.requestClose(leaving);
    ok(requested);
    local.anvil.setAutomine(false);
    mineDear();
    assertEquals(
        new Refusal.Unavailable("gas costs more than the ceiling"),
        refusal(chain.close(id, wallet.sign(id, Amount.of(6)))));
    assertTrue(most(onlyWritten().raw()).compareTo(ceiling) <= 0);
    CompletionStage<Result<Redemption>> closed = chain.close(leaving, null);
    until(() -> most(onlyWritten().raw()).compareTo(ceiling) > 0);
    until(() -> isInPool(onlyWritten().hash()));
    mineDear();
    assertTrue(ok(closed).channel().finalized());
    assertEquals(Amount.of(5), ok(stuck).channel().settled());
  }

  /** A block above a ceiling of 9 gwei, and below ten times that. */
  private void mineDear() {
    local.anvil.rpc("anvil_setNextBlockBaseFeePerGas", "0x4a817c800");
    local.anvil.mine(1);
  }

  private void write(int from, int count) {
    String prefix = "tx/" + Anvil.CHAIN_ID + "/" + local.payee.address().hex() + "/";
    for (int i = from; i < from + count; i++) {
      notes.swap(prefix + "%020d".formatted(i), null, "unreadable").toCompletableFuture().join();
    }
  }

  private static void assertNoPlace(CompletionStage<? extends Result<?>> asked) {
    assertEquals(new Refusal.Unavailable("too many transactions are pending"), refusal(asked));
  }

  @Test
  void submit_manyAreNotMined_leavesPlacesToClosesAndHalfToNoDeposit() {
    ChannelId id = open();
    Call close = new EscrowCalls(local.escrow.contract()).close(id);
    Attempt attempt = new Attempt(id, Amount.ZERO, Amount.of(1_000));
    EvmChain chain = chain();
    write(1, Outbox.MAX_PENDING / 2);
    try (Rpc rpc = new Rpc(network(GasPolicy.DEFAULT));
        Workers workers = new Workers("test", 1);
        OwnTransactions other =
            new OwnTransactions(
                network(GasPolicy.DEFAULT),
                new Node(rpc),
                workers,
                local.payee,
                AT_ONCE,
                Journal.Store.of(notes, () -> false, true))) {
      assertNoPlace(
          other.execute(Order.of(close, Order.DEPOSIT + "x", attempt), any -> Result.ok(true)));
    }
    ok(chain.settle(wallet.sign(id, Amount.of(5))));
    local.anvil.rpc("anvil_setNonce", local.payee.address().hex(), "0x21");
    write(0x22, 3 * Outbox.MAX_PENDING / 4);
    assertNoPlace(chain.settle(wallet.sign(id, Amount.of(6))));
    assertTrue(ok(chain.close(id, wallet.sign(id, Amount.of(6)))).channel().finalized());
  }

  @Test
  void settle_manyAreMinedAndNotFinal_isSent() {
    ChannelId id = open();
    write(0, 10 * Outbox.MAX_PENDING);
    local.anvil.rpc("anvil_setNonce", local.payee.address().hex(), "0x280");
    EvmChain chain = chain();
    ok(chain.settle(wallet.sign(id, Amount.of(5))));
    write(10 * Outbox.MAX_PENDING + 1, Outbox.MAX_WRITTEN / 4);
    assertNoPlace(chain.settle(wallet.sign(id, Amount.of(6))));
  }
}
