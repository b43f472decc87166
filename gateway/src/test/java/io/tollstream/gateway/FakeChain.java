package io.tollstream.gateway;

import io.tollstream.channels.Address;
import io.tollstream.channels.Chain;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Funding;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signature;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Amount;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An escrow in memory that keeps the contract's rules, and that a test can hold, refuse and count.
 * It does not look at signatures of deposits; those are the real chain's business.
 */
public final class FakeChain implements Chain {
  /** The kinds of calls that can be held, refused and counted. */
  public enum Call {
    READ,
    AWAIT,
    SUBMIT,
    QUOTE,
    SETTLE,
    CLOSE
  }

  /** A transaction of a payer's that was mined. */
  private record Mined(ChannelId id, @Nullable Amount added) {}

  private static final CompletableFuture<Void> NOW = CompletableFuture.completedFuture(null);

  private final Escrow escrow;
  private final Map<ChannelId, Channel> channels = new HashMap<>();
  private final Map<String, Mined> mined = new HashMap<>();
  private final Set<String> nonces = new HashSet<>();
  private final Map<Call, CompletableFuture<Void>> holds = new EnumMap<>(Call.class);
  private final Map<Call, Queue<Refusal>> refusals = new EnumMap<>(Call.class);
  private final Map<Call, Integer> calls = new EnumMap<>(Call.class);
  private final List<@Nullable Voucher> redeemed = new ArrayList<>();
  private final List<Follower> followers = new ArrayList<>();
  private @Nullable Map<ChannelId, Channel> replica;
  private final Set<Address> contracts = new HashSet<>();
  private Quote quote = new Quote(1, Amount.of(1));
  private int transactions;
  private volatile Duration sinceGood = Duration.ZERO;

  public FakeChain(Escrow escrow) {
    this.escrow = escrow;
  }

  /** Puts a channel on chain, as its payer would; the transaction's hash. */
  public synchronized String open(Channel channel) {
    channels.put(channel.id(), channel);
    return mine(new Mined(channel.id(), null));
  }

  /** Adds to a deposit, as its payer would; the transaction's hash. */
  public synchronized String topUp(ChannelId id, long additional) {
    Amount added = Amount.of(additional);
    put(funded(of(id), added));
    return mine(new Mined(id, added));
  }

  /** A reorganisation takes the channel's open back. */
  public synchronized void forget(ChannelId id) {
    channels.remove(id);
  }

  public synchronized void requestClose(ChannelId id) {
    Channel c = of(id);
    put(with(c, c.deposit(), c.settled(), 1_700_000_000, c.finalized()));
  }

  /** Finalizes a channel without us: the payer took what was left. */
  public synchronized void withdraw(ChannelId id) {
    Channel c = of(id);
    put(with(c, c.deposit(), c.settled(), 0, true));
  }

  /** From now on reads answer what is true at this moment: a replica that lags behind. */
  public synchronized void lag() {
    replica = new HashMap<>(channels);
  }

  /** Reads answer what is true again. */
  public synchronized void catchUp() {
    replica = null;
  }

  /** For how long nobody has been able to follow this chain. */
  public synchronized void followedBefore(Duration time) {
    sinceGood = time;
  }

  public synchronized void hold(Call call) {
    holds.put(call, new CompletableFuture<>());
  }

  public void release(Call call) {
    CompletableFuture<Void> held;
    synchronized (this) {
      held = holds.remove(call);
    }
    if (held != null) {
      held.complete(null);
    }
  }

  /** The next call of this kind that goes through is refused instead. */
  public synchronized void refuse(Call call, Refusal refusal) {
    refusals.computeIfAbsent(call, key -> new ArrayDeque<>()).add(refusal);
  }

  public synchronized int calls(Call call) {
    return calls.getOrDefault(call, 0);
  }

  public synchronized Channel of(ChannelId id) {
    Channel channel = channels.get(id);
    if (channel == null) {
      throw new AssertionError("no such channel on chain");
    }
    return channel;
  }

  /** The amounts that closes and settlements were submitted with; "none" for no voucher. */
  public synchronized List<String> redeemed() {
    return redeemed.stream().map(v -> v == null ? "none" : v.cumulative().toString()).toList();
  }

  @Override
  public Escrow escrow() {
    return escrow;
  }

  @Override
  public synchronized Following follow(Follower follower) {
    followers.add(follower);
    return new Following() {
      @Override
      public Progress progress() {
        return new Progress(transactions, 0, sinceGood);
      }

      @Override
      public void close() {
        followers.remove(follower);
      }
    };
  }

  /** The one who follows, to be told things. */
  public synchronized Follower follower() {
    return followers.get(followers.size() - 1);
  }

  @Override
  public CompletionStage<Result<Channel>> read(ChannelId id) {
    return answer(Call.READ, () -> found(replica == null ? channels : replica, id));
  }

  @Override
  public CompletionStage<Result<Channel>> awaitOpen(String hash, ChannelId id) {
    return answer(Call.AWAIT, () -> awaited(hash, new Mined(id, null)));
  }

  @Override
  public CompletionStage<Result<Channel>> awaitTopUp(String hash, ChannelId id, Amount additional) {
    return answer(Call.AWAIT, () -> awaited(hash, new Mined(id, additional)));
  }

  @Override
  public CompletionStage<Result<Channel>> submit(
      PaymentAction.Deposit deposit, Address payee, Address token) {
    return answer(Call.SUBMIT, () -> submitted(deposit, payee, token));
  }

  @Override
  public CompletionStage<Result<Redemption>> settle(Voucher voucher) {
    return answer(Call.SETTLE, () -> redeem(voucher.channelId(), voucher, false));
  }

  @Override
  public CompletionStage<Result<Redemption>> closeWith(
      ChannelId id, Function<Channel, @Nullable Voucher> choice) {
    return answer(Call.CLOSE, () -> redeem(id, choice.apply(of(id)), true));
  }

  @Override
  public int batch() {
    return 2;
  }

  @Override
  public CompletionStage<Result<List<Redemption>>> settle(Address token, List<Voucher> vouchers) {
    return answer(Call.SETTLE, () -> redeem(vouchers));
  }

  private Result<List<Redemption>> redeem(List<Voucher> vouchers) {
    List<Redemption> redemptions = new ArrayList<>();
    for (Voucher voucher : vouchers) {
      if (redeem(voucher.channelId(), voucher, false) instanceof Result.Ok<Redemption> ok) {
        redemptions.add(ok.value());
      }
    }
    return Result.ok(redemptions);
  }

  /** What redeeming costs from now on. */
  public synchronized void price(long gas) {
    quote = new Quote(gas, Amount.of(1));
  }

  @Override
  public CompletionStage<Result<Quote>> quoteSettle(Voucher voucher) {
    return answer(Call.QUOTE, () -> Result.ok(quote));
  }

  @Override
  public CompletionStage<Result<Quote>> quoteClose(ChannelId id, @Nullable Voucher voucher) {
    return answer(Call.QUOTE, () -> Result.ok(quote));
  }

  /** From now on there is code at an address. */
  public synchronized void deploy(Address contract) {
    contracts.add(contract);
  }

  @Override
  public synchronized CompletionStage<Result<Boolean>> isContract(Address address) {
    return CompletableFuture.completedStage(Result.ok(contracts.contains(address)));
  }

  @Override
  public CompletionStage<Result<Boolean>> isValidSignature(
      Address wallet, byte[] digest, Signature signature) {
    return CompletableFuture.completedStage(Result.ok(false));
  }

  @Override
  public CompletionStage<Result<Long>> head() {
    return CompletableFuture.completedStage(Result.ok((long) transactions));
  }

  @Override
  public void close() {}

  private <T> CompletionStage<Result<T>> answer(Call call, Supplier<Result<T>> effect) {
    CompletableFuture<Void> gate;
    synchronized (this) {
      calls.merge(call, 1, Integer::sum);
      gate = holds.getOrDefault(call, NOW);
    }
    return gate.thenApply(
        released -> {
          synchronized (this) {
            Queue<Refusal> waiting = refusals.get(call);
            Refusal refusal = waiting == null ? null : waiting.poll();
            return refusal == null ? effect.get() : Result.refused(refusal);
          }
        });
  }

  private Result<Channel> awaited(String hash, Mined expected) {
    Mined transaction = mined.get(hash);
    if (transaction == null) {
      return Result.refused(new Refusal.TransactionPending(hash));
    }
    return transaction.equals(expected)
        ? found(channels, expected.id())
        : Result.refused(new Refusal.TransactionReverted("did something else"));
  }

  private Result<Channel> submitted(PaymentAction.Deposit deposit, Address payee, Address token) {
    Funding.Eip3009 funding = (Funding.Eip3009) deposit.funding();
    boolean exists = channels.containsKey(deposit.channelId());
    if (!nonces.add(funding.nonce()) || exists != deposit instanceof PaymentAction.TopUp) {
      return Result.refused(new Refusal.TransactionReverted("NonceAlreadyUsed"));
    }
    if (deposit instanceof PaymentAction.Open open) {
      put(opened(open, funding, payee, token));
    } else {
      put(funded(of(deposit.channelId()), funding.value()));
    }
    return found(channels, deposit.channelId());
  }

  private Channel opened(
      PaymentAction.Open open, Funding.Eip3009 funding, Address payee, Address token) {
    return new Channel(
        open.channelId(),
        escrow,
        funding.from(),
        payee,
        token,
        open.authorizedSigner(),
        funding.value(),
        Amount.ZERO,
        0,
        false);
  }

  private Result<Redemption> redeem(ChannelId id, @Nullable Voucher voucher, boolean closes) {
    Channel c = of(id);
    Amount settled = voucher == null ? c.settled() : voucher.cumulative();
    boolean pays = voucher == null || settled.exceeds(c.settled());
    if (c.finalized() || !pays || settled.exceeds(c.deposit())) {
      return Result.refused(new Refusal.TransactionReverted("the escrow's rules"));
    }
    redeemed.add(voucher);
    put(with(c, c.deposit(), settled, closes ? 0 : c.closeRequestedAt(), closes));
    return Result.ok(new Redemption(nextHash(), of(id)));
  }

  private static Result<Channel> found(Map<ChannelId, Channel> where, ChannelId id) {
    Channel channel = where.get(id);
    return channel == null ? Result.refused(new Refusal.ChannelNotFound(id)) : Result.ok(channel);
  }

  /** A top-up cancels a forced close. */
  private static Channel funded(Channel c, Amount added) {
    return with(c, c.deposit().plus(added), c.settled(), 0, c.finalized());
  }

  private static Channel with(
      Channel c, Amount deposit, Amount settled, long closeRequestedAt, boolean finalized) {
    return new Channel(
        c.id(),
        c.escrow(),
        c.payer(),
        c.payee(),
        c.token(),
        c.authorizedSigner(),
        deposit,
        settled,
        closeRequestedAt,
        finalized);
  }

  private void put(Channel channel) {
    channels.put(channel.id(), channel);
  }

  private String mine(Mined transaction) {
    String hash = nextHash();
    mined.put(hash, transaction);
    return hash;
  }

  private String nextHash() {
    transactions++;
    return String.format("0x%064x", transactions);
  }
}
