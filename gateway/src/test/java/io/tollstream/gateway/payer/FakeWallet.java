package io.tollstream.gateway.payer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Funding;
import io.tollstream.channels.Hex;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signature;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.Wallet;
import io.tollstream.channels.evm.LocalSigner;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** A wallet with a real key over a chain in memory. */
final class FakeWallet implements Wallet {
  static final Escrow ESCROW = new Escrow(31337, new Address("0x" + "e5".repeat(20)));
  static final Address TOKEN = new Address("0x" + "70".repeat(20));
  static final Address PAYEE = new Address("0x" + "9a".repeat(20));

  static final String HASH = "0x" + "0".repeat(64);

  final Map<ChannelId, Channel> chain = new ConcurrentHashMap<>();
  final List<String> calls = new CopyOnWriteArrayList<>();
  volatile Runnable opening = () -> {};
  volatile boolean pending; // whatever is sent is not mined
  volatile Duration grace = Duration.ofMinutes(15);
  volatile Amount balance = Amount.of(1_000_000_000_000L);
  private final LocalSigner signer;
  private final Escrow escrow;
  private final AtomicInteger opened = new AtomicInteger();

  FakeWallet(int key) {
    this(key, ESCROW);
  }

  FakeWallet(int key, Escrow escrow) {
    byte[] secret = new byte[32];
    secret[31] = (byte) key;
    this.signer = LocalSigner.of(secret);
    this.escrow = escrow;
  }

  @Override
  public Address address() {
    return signer.address();
  }

  @Override
  public Escrow escrow() {
    return escrow;
  }

  @Override
  public Voucher sign(ChannelId channelId, Amount cumulative) {
    return new Voucher(channelId, cumulative, signature(channelId, cumulative));
  }

  /** Signing is deterministic, so verifying is signing again. */
  Signature signature(ChannelId channelId, Amount cumulative) {
    try {
      byte[] text = (channelId.hex() + "/" + cumulative).getBytes(UTF_8);
      return signer.sign(MessageDigest.getInstance("SHA-256").digest(text));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public Plan plan(Address payee, Address token) {
    return new Plan(nextId(), payee, token, salt());
  }

  @Override
  public CompletionStage<Result<Deposited>> open(Plan plan, Amount deposit, Consumer<String> sent) {
    calls.add("open " + deposit);
    opening.run();
    if (deposit.exceeds(balance)) {
      return done(Result.refused(new Refusal.InsufficientBalance(deposit, balance)));
    }
    return CompletableFuture.supplyAsync(
        () -> {
          sent.accept(HASH);
          if (pending) {
            return Result.refused(new Refusal.TransactionPending(HASH));
          }
          Channel channel = put(plan.id(), plan.payee(), plan.token(), deposit);
          return Result.ok(new Deposited(HASH, plan.salt(), channel));
        });
  }

  private ChannelId nextId() {
    return new ChannelId(String.format("0x%064x", 0xc0de00 + opened.incrementAndGet()));
  }

  Channel put(ChannelId id, Address payee, Address token, Amount deposit) {
    Channel channel =
        new Channel(
            id, escrow, address(), payee, token, Address.ZERO, deposit, Amount.ZERO, 0, false);
    chain.put(id, channel);
    return channel;
  }

  Channel channel(ChannelId id) {
    return Objects.requireNonNull(chain.get(id));
  }

  void change(ChannelId id, Amount deposit, long closeRequestedAt, boolean finalized) {
    Channel old = channel(id);
    chain.put(
        id,
        new Channel(
            id,
            escrow,
            old.payer(),
            old.payee(),
            old.token(),
            old.authorizedSigner(),
            deposit,
            old.settled(),
            closeRequestedAt,
            finalized));
  }

  @Override
  public CompletionStage<Result<Deposited>> topUp(
      Channel channel, Amount additional, Consumer<String> sent) {
    calls.add("topUp " + additional);
    sent.accept(HASH);
    if (pending) {
      return done(Result.refused(new Refusal.TransactionPending(HASH)));
    }
    change(channel.id(), channel(channel.id()).deposit().plus(additional), 0, false);
    return done(Result.ok(new Deposited(Hex.encode(new byte[32]), salt(), channel(channel.id()))));
  }

  @Override
  public CompletionStage<Result<PaymentAction.Open>> authorizeOpen(
      Plan plan, Amount deposit, Amount initial, long lifetimeSeconds) {
    calls.add("authorizeOpen " + deposit);
    ChannelId id = plan.id();
    return done(
        Result.ok(
            new PaymentAction.Open(
                id, funding(id, deposit), salt(), Address.ZERO, sign(id, initial))));
  }

  private Funding.Eip3009 funding(ChannelId id, Amount amount) {
    return new Funding.Eip3009(
        address(),
        escrow.contract(),
        amount,
        BigInteger.ZERO,
        BigInteger.valueOf(4_000_000_000L),
        Hex.encode(new byte[32]),
        signature(id, amount));
  }

  @Override
  public CompletionStage<Result<PaymentAction.TopUp>> authorizeTopUp(
      Channel channel, Amount additional, long lifetimeSeconds) {
    calls.add("authorizeTopUp " + additional);
    ChannelId id = channel.id();
    return done(
        Result.ok(new PaymentAction.TopUp(id, funding(id, additional), salt(), additional)));
  }

  private static String salt() {
    return Hex.encode(new byte[32]);
  }

  @Override
  public CompletionStage<Result<String>> requestClose(ChannelId channelId) {
    calls.add("requestClose");
    change(channelId, channel(channelId).deposit(), System.currentTimeMillis() / 1_000, false);
    return done(Result.ok("0xrequested"));
  }

  @Override
  public CompletionStage<Result<String>> withdraw(ChannelId channelId) {
    calls.add("withdraw");
    Channel channel = channel(channelId);
    change(channelId, channel.deposit(), channel.closeRequestedAt(), true);
    return done(Result.ok("0xwithdrawn"));
  }

  @Override
  public CompletionStage<Result<Channel>> read(ChannelId channelId) {
    Channel channel = chain.get(channelId);
    return done(
        channel == null
            ? Result.refused(new Refusal.ChannelNotFound(channelId))
            : Result.ok(channel));
  }

  @Override
  public CompletionStage<Result<Duration>> gracePeriod() {
    return done(Result.ok(grace));
  }

  @Override
  public CompletionStage<Result<Amount>> balance(Address token) {
    return done(Result.ok(balance));
  }

  @Override
  public CompletionStage<Result<Token>> token(Address token) {
    return done(Result.ok(new Token(token, "TEST", 6)));
  }

  @Override
  public void close() {}

  private static <T> CompletionStage<Result<T>> done(Result<T> result) {
    return CompletableFuture.supplyAsync(() -> result);
  }
}
