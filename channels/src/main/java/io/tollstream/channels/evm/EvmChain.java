package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Chain;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Funding;
import io.tollstream.channels.Hex;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signature;
import io.tollstream.channels.Signer;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.evm.Reverts.Attempt;
import io.tollstream.metering.Amount;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The escrow as its payee uses it, over JSON-RPC. Its work is done on threads of its own. */
public final class EvmChain implements Chain {
  private static final int THREADS = 8;

  private final EvmEscrow configured;
  private final Rpc rpc;
  private final Node node;
  private final Workers workers = new Workers("tollstream-chain", THREADS);
  private final OwnTransactions transactions;
  private final EscrowCalls calls;
  private final EscrowReader reader;
  private final DepositWatch watch;
  private final DepositCheck check;
  private final Wallets wallets;
  private final Redemptions redemptions;
  private final Agreement agreement;
  private final RelayBudget relays = new RelayBudget(InstantSource.system());
  private final Journal.Store store;
  private final List<EventFollower> followers = new CopyOnWriteArrayList<>();
  private volatile boolean proven;

  /**
   * A chain whose transactions are forgotten with the process. Connects to nothing yet.
   *
   * @param signer the payee's key, which pays for gas
   */
  public EvmChain(EvmEscrow escrow, Signer signer) {
    this(escrow, signer, Journal.Store.inMemory());
  }

  /**
   * A chain whose transactions are written down. What others, or this account before a restart,
   * have left pending is taken care of from now on.
   *
   * @param payee the payee's key
   * @param sender the key that sends transactions and pays for gas, which may be the payee's
   * @param ledger which may still be opening; asked for on a thread that it may block
   */
  public EvmChain(EvmEscrow escrow, Signer payee, Signer sender, Supplier<Ledger> ledger) {
    this(escrow, payee, sender, Journal.Store.of(ledger));
  }

  EvmChain(EvmEscrow escrow, Signer signer, Journal.Store store) {
    this(escrow, signer, signer, store);
  }

  EvmChain(EvmEscrow escrow, Signer payee, Signer sender, Journal.Store store) {
    configured = escrow;
    this.store = store;
    rpc = new Rpc(escrow.network());
    node = new Node(rpc);
    transactions =
        new OwnTransactions(escrow.network(), node, workers, sender, escrow.finality(), store);
    calls = new EscrowCalls(escrow.contract());
    reader = new EscrowReader(node, calls, escrow);
    watch = new DepositWatch(node, reader, new EscrowEvents(escrow.contract()));
    check = new DepositCheck(node, escrow.escrow(), calls, reader);
    wallets = new Wallets(node);
    redemptions = new Redemptions(node, escrow, reader, workers, transactions, payee, sender);
    agreement = new Agreement(rpc, node, escrow.finality(), System::nanoTime);
  }

  /**
   * Checks that the escrow is there, on the configured chain, under the configured domain name, and
   * leaves its payee at least ten minutes to answer a forced close.
   */
  public CompletionStage<Result<Escrow>> probe() {
    return workers.run(
        () -> {
          Result<Escrow> probed = new EscrowProbe(node, calls).probe(configured);
          proven |= probed instanceof Result.Ok<Escrow>;
          return probed;
        });
  }

  /** No deposit counts before the escrow has proved to be the one that is configured. */
  private <T> CompletionStage<Result<T>> onceProven(Supplier<CompletionStage<Result<T>>> action) {
    return proven ? action.get() : Workers.then(probe(), escrow -> action.get());
  }

  @Override
  public Escrow escrow() {
    return configured.escrow();
  }

  @Override
  public Following follow(Follower follower) {
    EventFollower following = EventFollower.start(node, configured, store, follower);
    followers.add(following);
    return following;
  }

  @Override
  public CompletionStage<Result<Channel>> read(ChannelId channelId) {
    return workers.run(
        () ->
            agreement.isBroken()
                ? reader.readInDoubt(channelId, rpc.endpoints().stream().map(node::on).toList())
                : reader.read(channelId));
  }

  @Override
  public CompletionStage<Result<Channel>> awaitOpen(String transactionHash, ChannelId channelId) {
    return onceProven(
        () ->
            workers.poll(
                configured.network(),
                watch.unlessUnknown(
                    transactionHash, () -> agreed(watch.lookForOpen(transactionHash, channelId))),
                () -> new Refusal.TransactionPending(transactionHash)));
  }

  @Override
  public CompletionStage<Result<Channel>> awaitTopUp(
      String transactionHash, ChannelId channelId, Amount additional) {
    return onceProven(
        () ->
            workers.poll(
                configured.network(),
                watch.unlessUnknown(
                    transactionHash,
                    () -> agreed(watch.lookForTopUp(transactionHash, channelId, additional))),
                () -> new Refusal.TransactionPending(transactionHash)));
  }

  /** What counts only where the endpoints agree. */
  private @Nullable Result<Channel> agreed(@Nullable Result<Channel> seen) throws RpcFailure {
    if (seen instanceof Result.Ok<Channel>) {
      agreement.require();
    }
    return seen;
  }

  @Override
  public CompletionStage<Result<Channel>> submit(
      PaymentAction.Deposit deposit, Address payee, Address token) {
    if (deposit.funding() instanceof Funding.Broadcast broadcast) {
      return await(deposit, broadcast.transactionHash());
    }
    ChannelId id = deposit.channelId();
    return Workers.then(
        onceProven(() -> workers.run(() -> Result.ok(reader.exists(id)))),
        exists ->
            exists && deposit instanceof PaymentAction.Open
                ? awaitChannel(id) // an open that outlasted its first answer, or somebody else's
                : send(deposit, payee, token));
  }

  private CompletionStage<Result<Channel>> awaitChannel(ChannelId id) {
    return workers.poll(
        configured.network(),
        () -> agreed(watch.lookForChannel(id)),
        () -> new Refusal.TransactionPending(id.hex()));
  }

  private CompletionStage<Result<Channel>> send(
      PaymentAction.Deposit deposit, Address payee, Address token) {
    Refusal refusal = relays.refusal(Deposits.payer(deposit.funding()));
    if (refusal != null) {
      return CompletableFuture.completedStage(Result.refused(refusal));
    }
    CompletionStage<Result<String>> mined =
        Workers.then(
            workers.run(() -> checked(deposit, payee, token)), call -> relay(deposit, call));
    return Workers.then(mined, hash -> await(deposit, hash));
  }

  /** Pays the gas of a deposit, as long as its payer's deposits do not fail. */
  private CompletionStage<Result<String>> relay(PaymentAction.Deposit deposit, Call call) {
    String purpose = purpose(deposit, call);
    Refusal refusal = relays.enter(purpose, Deposits.payer(deposit.funding()));
    if (refusal != null) {
      return CompletableFuture.completedStage(Result.refused(refusal));
    }
    return transactions
        .execute(
            Order.of(
                    call,
                    purpose,
                    new Attempt(deposit.channelId(), Deposits.amount(deposit), Amount.ZERO))
                .beingWary(),
            receipt -> Result.ok(receipt.getTransactionHash()),
            pending -> relays.sent(purpose, pending))
        .whenComplete((hash, failure) -> relays.leave(purpose));
  }

  private Result<Call> checked(PaymentAction.Deposit deposit, Address payee, Address token)
      throws RpcFailure {
    agreement.require();
    return check.check(deposit, payee, token);
  }

  /** Equal top-ups are different where their authorizations are: the call tells them apart. */
  private static String purpose(PaymentAction.Deposit deposit, Call call) {
    byte[] data = call.data().getBytes(StandardCharsets.US_ASCII);
    return Order.DEPOSIT + deposit.channelId().hex() + " " + Hex.encode(Keccak.hash(data));
  }

  private CompletionStage<Result<Channel>> await(PaymentAction.Deposit deposit, String hash) {
    return deposit instanceof PaymentAction.TopUp topUp
        ? awaitTopUp(hash, topUp.channelId(), topUp.additional())
        : awaitOpen(hash, deposit.channelId());
  }

  @Override
  public CompletionStage<Result<Redemption>> settle(Voucher voucher) {
    return redemptions.settle(voucher);
  }

  @Override
  public int batch() {
    return redemptions.batch();
  }

  @Override
  public CompletionStage<Result<List<Redemption>>> settle(Address token, List<Voucher> vouchers) {
    return redemptions.settle(token, vouchers);
  }

  @Override
  public CompletionStage<Result<Redemption>> closeWith(
      ChannelId channelId, Function<Channel, @Nullable Voucher> choice) {
    return redemptions.close(channelId, choice);
  }

  @Override
  public CompletionStage<Result<Quote>> quoteSettle(Voucher voucher) {
    return redemptions.quote(voucher.channelId(), voucher, false);
  }

  @Override
  public CompletionStage<Result<Quote>> quoteClose(ChannelId channelId, @Nullable Voucher voucher) {
    return redemptions.quote(channelId, voucher, true);
  }

  @Override
  public CompletionStage<Result<Boolean>> isContract(Address address) {
    return workers.run(() -> Result.ok(wallets.hasCode(address)));
  }

  @Override
  public CompletionStage<Result<Boolean>> isValidSignature(
      Address wallet, byte[] digest, Signature signature) {
    byte[] copy = digest.clone();
    return workers.run(() -> Result.ok(wallets.isValidSignature(wallet, copy, signature)));
  }

  /** How the endpoints do; asks none of them. */
  public ChainHealth health() {
    return new ChainHealth(rpc.health(), agreement.wasBroken());
  }

  /** Compares what the endpoints tell, though no deposit is due; false where they disagree. */
  public CompletionStage<Result<Boolean>> checkAgreement() {
    return workers.run(() -> Result.ok(!agreement.isBroken()));
  }

  @Override
  public CompletionStage<Result<Long>> head() {
    return workers.run(() -> Result.ok(node.head()));
  }

  @Override
  public void close() {
    followers.forEach(EventFollower::close);
    transactions.close();
    workers.close();
    rpc.close();
  }
}
