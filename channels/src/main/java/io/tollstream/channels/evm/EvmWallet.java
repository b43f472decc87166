package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Hex;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signer;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.Wallet;
import io.tollstream.channels.evm.Reverts.Attempt;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.web3j.protocol.core.methods.response.TransactionReceipt;

/** The escrow as a payer uses it, over JSON-RPC. Its work is done on threads of its own. */
public final class EvmWallet implements Wallet {
  private static final int THREADS = 4;

  private final SecureRandom random = new SecureRandom();
  private final EvmEscrow configured;
  private final Escrow escrow;
  private final Signer signer;
  private final Eip712 digests;
  private final Rpc rpc;
  private final Node node;
  private final Workers workers = new Workers("tollstream-wallet", THREADS);
  private final OwnTransactions transactions;
  private final EscrowCalls calls;
  private final EscrowReader reader;
  private final Authorizer authorizer;

  /**
   * Connects to nothing yet.
   *
   * @param signer the payer's key, which deposits, pays for gas and signs vouchers
   */
  public EvmWallet(EvmEscrow escrow, Signer signer) {
    this.configured = escrow;
    this.escrow = escrow.escrow();
    this.signer = signer;
    digests = new Eip712(escrow.domainName(), this.escrow);
    rpc = new Rpc(escrow.network());
    node = new Node(rpc);
    transactions = new OwnTransactions(escrow.network(), node, workers, signer);
    calls = new EscrowCalls(escrow.contract());
    reader = new EscrowReader(node, calls, escrow);
    authorizer = new Authorizer(node, this.escrow, signer);
  }

  @Override
  public Address address() {
    return signer.address();
  }

  @Override
  public Escrow escrow() {
    return escrow;
  }

  /** Checks that the escrow is there and has the domain and a grace period of the draft's. */
  public CompletionStage<Result<Escrow>> probe() {
    return workers.run(() -> new EscrowProbe(node, calls).probe(configured));
  }

  /**
   * Checks, as {@link #probe} does and to the last byte of its code, that the escrow is one of this
   * project's: a stranger's may do with a deposit what it likes.
   */
  public CompletionStage<Result<Escrow>> verify() {
    return workers.run(
        () ->
            new EscrowProbe(node, calls)
                .verify(configured)
                .then(facts -> Result.ok(facts.escrow())));
  }

  @Override
  public Voucher sign(ChannelId channelId, Amount cumulative) {
    return new Voucher(channelId, cumulative, signer.sign(digests.voucher(channelId, cumulative)));
  }

  @Override
  public Plan plan(Address payee, Address token) {
    Opening opening = new Opening(address(), payee, token, freshSalt(), Address.ZERO);
    return new Plan(opening.channelId(escrow), payee, token, opening.salt());
  }

  @Override
  public CompletionStage<Result<Deposited>> open(Plan plan, Amount deposit, Consumer<String> sent) {
    Call call = calls.open(opening(plan), deposit);
    Attempt attempt = new Attempt(plan.id(), deposit, Amount.ZERO);
    return deposit(attempt, plan.token(), call, plan.salt(), sent);
  }

  @Override
  public CompletionStage<Result<Deposited>> topUp(
      Channel channel, Amount additional, Consumer<String> sent) {
    Call call = calls.topUp(channel.id(), channel.token(), additional);
    Attempt attempt = new Attempt(channel.id(), additional, Amount.ZERO);
    return deposit(attempt, channel.token(), call, Wallet.NO_SALT, sent);
  }

  private CompletionStage<Result<Deposited>> deposit(
      Attempt attempt, Address token, Call call, String salt, Consumer<String> sent) {
    return Workers.then(
        approve(attempt, token),
        approved ->
            transactions.execute(
                call, attempt, sent, receipt -> deposited(attempt.channelId(), salt, receipt)));
  }

  /** Sees to it that the escrow may pull the amount, and that there is so much to pull. */
  private CompletionStage<Result<Boolean>> approve(Attempt attempt, Address token) {
    return Workers.then(
        workers.run(() -> isApproved(token, attempt.amount())),
        approved ->
            approved
                ? CompletableFuture.completedStage(Result.ok(true))
                : transactions.execute(
                    TokenCalls.approve(token, escrow.contract(), attempt.amount()),
                    attempt,
                    receipt -> Result.ok(true)));
  }

  private Result<Boolean> isApproved(Address token, Amount amount) throws RpcFailure {
    Amount balance = node.balance(token, address());
    if (amount.exceeds(balance)) {
      return Result.refused(new Refusal.InsufficientBalance(amount, balance));
    }
    if (token.isZero()) {
      return Result.ok(true);
    }
    Call allowance = TokenCalls.allowance(token, address(), escrow.contract());
    Amount allowed = node.read(allowance, words -> words.amountOrMax(0));
    return Result.ok(!amount.exceeds(allowed));
  }

  private Result<Deposited> deposited(ChannelId id, String salt, TransactionReceipt receipt)
      throws RpcFailure {
    Optional<Channel> channel = reader.at(id, Receipts.block(receipt));
    return channel
        .map(after -> Result.ok(new Deposited(receipt.getTransactionHash(), salt, after)))
        .orElseGet(() -> Result.refused(new Refusal.ChannelNotFound(id)));
  }

  @Override
  public CompletionStage<Result<PaymentAction.Open>> authorizeOpen(
      Plan plan, Amount deposit, Amount initial, long lifetimeSeconds) {
    Opening opening = opening(plan);
    Voucher voucher = sign(plan.id(), initial);
    return workers.run(
        () ->
            authorizer
                .authorize(plan.token(), deposit, opening.eip3009Nonce(), lifetimeSeconds)
                .then(
                    funding ->
                        Result.ok(
                            new PaymentAction.Open(
                                voucher.channelId(),
                                funding,
                                opening.salt(),
                                opening.authorizedSigner(),
                                voucher))));
  }

  @Override
  public CompletionStage<Result<PaymentAction.TopUp>> authorizeTopUp(
      Channel channel, Amount additional, long lifetimeSeconds) {
    String salt = freshSalt();
    byte[] nonce = Eip3009.topUpNonce(channel.id(), additional, address(), salt);
    return workers.run(
        () ->
            authorizer
                .authorize(channel.token(), additional, nonce, lifetimeSeconds)
                .then(
                    funding ->
                        Result.ok(
                            new PaymentAction.TopUp(channel.id(), funding, salt, additional))));
  }

  @Override
  public CompletionStage<Result<String>> requestClose(ChannelId channelId) {
    return execute(channelId, calls.requestClose(channelId));
  }

  @Override
  public CompletionStage<Result<String>> withdraw(ChannelId channelId) {
    return execute(channelId, calls.withdraw(channelId));
  }

  private CompletionStage<Result<String>> execute(ChannelId channelId, Call call) {
    return transactions.execute(
        call,
        new Attempt(channelId, Amount.ZERO, Amount.ZERO),
        receipt -> Result.ok(receipt.getTransactionHash()));
  }

  @Override
  public CompletionStage<Result<Channel>> read(ChannelId channelId) {
    return workers.run(() -> reader.read(channelId));
  }

  @Override
  public CompletionStage<Result<Duration>> gracePeriod() {
    return workers.run(() -> Result.ok(node.read(calls.gracePeriod(), EvmWallet::seconds)));
  }

  private static Duration seconds(Returned words) {
    return Duration.ofSeconds(
        words.number(0).min(BigInteger.valueOf(Integer.MAX_VALUE)).longValue());
  }

  @Override
  public CompletionStage<Result<Amount>> balance(Address token) {
    return workers.run(() -> Result.ok(node.balance(token, address())));
  }

  @Override
  public CompletionStage<Result<Token>> token(Address token) {
    return workers.run(() -> TokenFacts.read(node, escrow.chainId(), token));
  }

  private Opening opening(Plan plan) {
    return new Opening(address(), plan.payee(), plan.token(), plan.salt(), Address.ZERO);
  }

  private String freshSalt() {
    byte[] salt = new byte[32];
    random.nextBytes(salt);
    return Hex.encode(salt);
  }

  @Override
  public void close() {
    transactions.close();
    workers.close();
    rpc.close();
  }
}
