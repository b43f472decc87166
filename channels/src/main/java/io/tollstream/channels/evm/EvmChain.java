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
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.web3j.protocol.core.methods.response.TransactionReceipt;

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
   * @param signer the payee's key, which pays for gas
   * @param ledger which may still be opening; asked for on a thread that it may block
   */
  public EvmChain(EvmEscrow escrow, Signer signer, Supplier<Ledger> ledger) {
    this(escrow, signer, Journal.Store.of(ledger));
  }

  EvmChain(EvmEscrow escrow, Signer signer, Journal.Store store) {
    configured = escrow;
    rpc = new Rpc(escrow.network());
    node = new Node(rpc);
    transactions =
        new OwnTransactions(escrow.network(), node, workers, signer, escrow.finality(), store);
    calls = new EscrowCalls(escrow.contract());
    reader = new EscrowReader(node, calls, escrow.escrow(), escrow.finality());
    watch = new DepositWatch(node, reader, new EscrowEvents(escrow.contract()));
    check = new DepositCheck(node, escrow.escrow(), calls, reader);
    wallets = new Wallets(node);
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
  public CompletionStage<Result<Channel>> read(ChannelId channelId) {
    return workers.run(() -> reader.read(channelId));
  }

  @Override
  public CompletionStage<Result<Channel>> awaitOpen(String transactionHash, ChannelId channelId) {
    return onceProven(
        () ->
            workers.poll(
                configured.network(),
                watch.unlessUnknown(
                    transactionHash, () -> watch.lookForOpen(transactionHash, channelId)),
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
                    () -> watch.lookForTopUp(transactionHash, channelId, additional)),
                () -> new Refusal.TransactionPending(transactionHash)));
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
        () -> watch.lookForChannel(id),
        () -> new Refusal.TransactionPending(id.hex()));
  }

  private CompletionStage<Result<Channel>> send(
      PaymentAction.Deposit deposit, Address payee, Address token) {
    Attempt attempt = new Attempt(deposit.channelId(), Deposits.amount(deposit), Amount.ZERO);
    CompletionStage<Result<String>> mined =
        Workers.then(
            workers.run(() -> check.check(deposit, payee, token)),
            call ->
                transactions.execute(
                    purpose(deposit, call),
                    call,
                    attempt,
                    receipt -> Result.ok(receipt.getTransactionHash())));
    return Workers.then(mined, hash -> await(deposit, hash));
  }

  /** Equal top-ups are different where their authorizations are: the call tells them apart. */
  private static String purpose(PaymentAction.Deposit deposit, Call call) {
    byte[] data = call.data().getBytes(StandardCharsets.US_ASCII);
    return "deposit " + deposit.channelId().hex() + " " + Hex.encode(Keccak.hash(data));
  }

  private CompletionStage<Result<Channel>> await(PaymentAction.Deposit deposit, String hash) {
    return deposit instanceof PaymentAction.TopUp topUp
        ? awaitTopUp(hash, topUp.channelId(), topUp.additional())
        : awaitOpen(hash, deposit.channelId());
  }

  @Override
  public CompletionStage<Result<Redemption>> settle(Voucher voucher) {
    ChannelId id = voucher.channelId();
    String purpose = "settle " + id.hex() + " " + voucher.cumulative();
    return redeem(purpose, id, voucher.cumulative(), calls.settle(voucher));
  }

  @Override
  public CompletionStage<Result<Redemption>> close(ChannelId channelId, @Nullable Voucher voucher) {
    String purpose = "close " + channelId.hex();
    return voucher == null
        ? redeem(purpose, channelId, Amount.ZERO, calls.close(channelId))
        : redeem(purpose, channelId, voucher.cumulative(), calls.close(voucher));
  }

  private CompletionStage<Result<Redemption>> redeem(
      String purpose, ChannelId id, Amount cumulative, Call call) {
    return Workers.then(
        workers.run(() -> reader.readNewest(id)),
        channel ->
            transactions.execute(
                purpose,
                call,
                new Attempt(id, cumulative, channel.deposit()),
                receipt -> redemption(id, receipt)));
  }

  private Result<Redemption> redemption(ChannelId id, TransactionReceipt receipt)
      throws RpcFailure {
    Optional<Channel> channel = reader.at(id, Receipts.block(receipt));
    return channel
        .map(after -> Result.ok(new Redemption(receipt.getTransactionHash(), after)))
        .orElseGet(() -> Result.refused(new Refusal.ChannelNotFound(id)));
  }

  @Override
  public CompletionStage<Result<Boolean>> isValidSignature(
      Address wallet, byte[] digest, Signature signature) {
    byte[] copy = digest.clone();
    return workers.run(() -> Result.ok(wallets.isValidSignature(wallet, copy, signature)));
  }

  @Override
  public CompletionStage<Result<Long>> head() {
    return workers.run(() -> Result.ok(node.head()));
  }

  @Override
  public void close() {
    transactions.close();
    workers.close();
    rpc.close();
  }
}
