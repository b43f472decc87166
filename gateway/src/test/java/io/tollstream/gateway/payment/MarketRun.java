package io.tollstream.gateway.payment;

import static io.tollstream.channels.evm.LocalEscrow.await;
import static io.tollstream.channels.evm.LocalEscrow.ok;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Funding;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Result;
import io.tollstream.channels.Terms;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.Wallet.Deposited;
import io.tollstream.channels.Wallet.Plan;
import io.tollstream.channels.evm.EvmEscrow;
import io.tollstream.channels.evm.EvmNetwork;
import io.tollstream.channels.evm.EvmWallet;
import io.tollstream.channels.evm.FaultyRpc;
import io.tollstream.channels.evm.FaultyRpc.Fault;
import io.tollstream.channels.evm.Finality;
import io.tollstream.channels.evm.FollowPolicy;
import io.tollstream.channels.evm.LocalEscrow;
import io.tollstream.metering.Amount;
import io.vertx.core.Vertx;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * One run of a market: payers that open, pay, take, top up, leave, vanish and lie; a gateway that
 * serves, settles, closes and restarts; a chain that is reorganised and an endpoint that fails.
 * What happens next is drawn from a seed.
 */
final class MarketRun {
  /** A deposit counts in its third block, and no reorganisation takes back more than two. */
  private static final int CONFIRMATIONS = 3;

  private static final Duration POLL = Duration.ofMillis(5);
  private static final Duration PATIENCE = Duration.ofMillis(200);
  private static final int MAX_CHANNELS = 4;
  private static final long MOST = 1_000;

  private final Random random;
  private final Vertx vertx;
  private final LocalEscrow local;
  private final Path home;
  private final FaultyRpc first;
  private final FaultyRpc second;
  private final List<Terms> terms;
  private final List<MarketPayer> payers = new ArrayList<>();
  private final List<String> story = new ArrayList<>();
  private final Map<String, Integer> counts = new TreeMap<>();
  private EvmWallet wallet;
  private MarketGateway gateway;

  MarketRun(long seed, Vertx vertx, LocalEscrow local, Path home) {
    this.vertx = vertx;
    this.random = new Random(seed);
    this.local = local;
    this.home = home;
    this.first = FaultyRpc.before(local.anvil, seed);
    this.second = FaultyRpc.before(local.anvil, seed + 1);
    this.terms =
        Stream.of(local.token, Address.ZERO)
            .map(
                token ->
                    new Terms(local.escrow.escrow(), local.payee.address(), token, Amount.of(1)))
            .toList();
    this.wallet = new EvmWallet(local.escrow, local.payer);
    this.gateway = start();
  }

  private MarketGateway start() {
    EvmNetwork network =
        new EvmNetwork(
            List.of(first.url(), second.url()),
            local.escrow.network().chainId(),
            Duration.ofSeconds(2),
            POLL,
            PATIENCE);
    EvmEscrow escrow =
        new EvmEscrow(
                network,
                local.escrow.contract(),
                local.escrow.domainName(),
                Finality.confirmations(CONFIRMATIONS))
            .followed(new FollowPolicy(2 * CONFIRMATIONS, 2_000, 2_880));
    MarketGateway started = new MarketGateway(vertx, home, escrow, local.payee, terms);
    started.watch.follow();
    return started;
  }

  /** Whatever happened, in order. */
  List<String> story() {
    return story;
  }

  /** How often each kind of step did what it is there for. */
  Map<String, Integer> counts() {
    return counts;
  }

  private void tell(String step) {
    story.add(step);
  }

  private void count(String what, boolean happened) {
    counts.merge(what, happened ? 1 : 0, Integer::sum);
  }

  void run(int steps) {
    try {
      local.anvil.mine(CONFIRMATIONS); // so that no reorganisation reaches below this run
      open();
      for (int i = 0; i < steps; i++) {
        step();
      }
      end();
    } finally {
      gateway.close();
      wallet.close();
      first.close();
      second.close();
    }
  }

  private void step() {
    int choice = random.nextInt(100);
    if (choice < 8) {
      open();
    } else if (choice < 14) {
      local.anvil.mine(1 + random.nextInt(CONFIRMATIONS));
    } else if (choice < 19) {
      reorganise();
    } else if (choice < 24) {
      fault();
    } else if (choice < 29) {
      heal();
    } else if (choice < 33) {
      restart();
    } else if (choice < 38) {
      gateway.settleRound();
      tell("settles what is owed");
    } else if (choice < 43) {
      gateway.watchRound();
      tell("looks at all channels");
    } else {
      present().ifPresent(payer -> act(payer, choice));
    }
  }

  private Optional<MarketPayer> present() {
    List<MarketPayer> there = payers.stream().filter(payer -> !payer.gone).toList();
    return there.isEmpty()
        ? Optional.empty()
        : Optional.of(there.get(random.nextInt(there.size())));
  }

  private void act(MarketPayer payer, int choice) {
    if (!payer.known) {
      introduce(payer);
    } else if (choice < 62) {
      pay(payer);
    } else if (choice < 80) {
      take(payer);
    } else if (choice < 85) {
      topUp(payer);
    } else if (choice < 90) {
      lie(payer);
    } else if (choice < 94) {
      requestClose(payer);
    } else if (choice < 97) {
      close(payer);
    } else {
      payer.gone = true;
      tell("disappears: " + payer);
    }
  }

  private void open() {
    if (payers.size() == MAX_CHANNELS) {
      return;
    }
    Terms chosen = terms.get(random.nextInt(terms.size()));
    long deposit = random.nextLong(MOST) + 1;
    Plan plan = wallet.plan(chosen.payee(), chosen.token());
    Deposited deposited = ok(wallet.open(plan, Amount.of(deposit), hash -> {}));
    payers.add(MarketPayer.opened(chosen, plan, deposit, deposited));
    tell("opens " + payers.get(payers.size() - 1));
  }

  private Voucher voucher(MarketPayer payer, long cumulative) {
    return wallet.sign(payer.id(), Amount.of(cumulative));
  }

  private void introduce(MarketPayer payer) {
    if (random.nextInt(4) > 0) {
      local.anvil.mine(CONFIRMATIONS);
    }
    long initial = random.nextLong(Math.min(payer.deposit, MarketPayer.WINDOW) + 1);
    payer.signed = Math.max(payer.signed, initial);
    Result<?> result =
        gateway.take(payer.terms, payer.open(wallet.address(), voucher(payer, initial)));
    payer.known = MarketPayer.isTaken(result);
    count("open", payer.known);
    tell("presents the open of " + payer + " with " + initial + ": " + outcome(result));
  }

  private void pay(MarketPayer payer) {
    long room = payer.ceiling() - payer.signed;
    if (room <= 0) {
      return;
    }
    payer.signed += random.nextLong(room) + 1;
    Result<?> result =
        gateway.take(
            payer.terms, new PaymentAction.Pay(payer.id(), voucher(payer, payer.signed), null));
    count("pay", MarketPayer.isTaken(result));
    tell("pays " + payer + ": " + outcome(result));
  }

  /** Begins a stream, or ends the one under way with part of what it was granted. */
  private void take(MarketPayer payer) {
    payer.reap();
    if (payer.stream != null) {
      endStream(payer);
      return;
    }
    MarketStream stream = gateway.begin(payer.terms, payer.id(), random.nextInt(101));
    if (stream != null) {
      boolean granted = stream.reserve(random.nextLong(200) + 1);
      payer.stream = stream;
      count("take", granted);
      tell("takes " + stream.granted() + " of " + payer);
    }
  }

  private void topUp(MarketPayer payer) {
    Result<Channel> read = await(wallet.read(payer.id()));
    if (!(read instanceof Result.Ok<Channel> ok) || ok.value().finalized()) {
      return;
    }
    Amount additional = Amount.of(random.nextLong(500) + 1);
    Result<Deposited> result = await(wallet.topUp(ok.value(), additional));
    if (result instanceof Result.Ok<Deposited> deposited) {
      payer.leaving = false;
      local.anvil.mine(random.nextInt(CONFIRMATIONS + 1));
      Result<?> taken =
          gateway.take(
              payer.terms,
              new PaymentAction.TopUp(
                  payer.id(),
                  new Funding.Broadcast(deposited.value().transactionHash(), wallet.address()),
                  null,
                  additional));
      if (MarketPayer.isTaken(taken)) {
        payer.added += additional.baseUnits().longValueExact();
      }
      count("topUp", MarketPayer.isTaken(taken));
      tell("tops " + payer + " up by " + additional + ": " + outcome(taken));
    }
  }

  private void lie(MarketPayer payer) {
    PaymentAction lie = Lies.of(random, payer, payers, wallet, local);
    Result<?> result = gateway.take(payer.terms, lie);
    count("lie", true);
    tell("lies with " + lie + ": " + outcome(result));
    assertFalse(MarketPayer.isTaken(result), () -> "a lie was taken: " + lie);
  }

  private void requestClose(MarketPayer payer) {
    if (MarketPayer.isTaken(await(wallet.requestClose(payer.id())))) {
      payer.leaving = true;
      count("requestClose", true);
    }
    tell("requests the close of " + payer);
  }

  private void close(MarketPayer payer) {
    endStream(payer);
    long amount = Math.min(payer.deposit + payer.added, payer.delivered + payer.forfeited);
    payer.signed = Math.max(payer.signed, amount);
    Result<?> result =
        gateway.take(payer.terms, new PaymentAction.Close(payer.id(), voucher(payer, amount)));
    count("close", MarketPayer.isTaken(result));
    tell("closes " + payer + " with " + amount + ": " + outcome(result));
  }

  private void endStream(MarketPayer payer) {
    payer.reap();
    if (payer.stream != null) {
      MarketGateway.await(payer.stream.end());
      payer.reap();
      tell("has taken of " + payer);
    }
  }

  /** Transactions in the blocks that go are not put back. */
  private void reorganise() {
    int depth = 1 + random.nextInt(CONFIRMATIONS - 1);
    local.anvil.rpc("anvil_reorg", depth, List.of());
    renewWallet();
    count("reorg", true);
    tell("the chain takes back " + depth);
  }

  /** A wallet remembers its nonces, which may have been taken back. */
  private void renewWallet() {
    wallet.close();
    wallet = new EvmWallet(local.escrow, local.payer);
  }

  private void fault() {
    FaultyRpc rpc = random.nextInt(3) == 0 ? second : first;
    switch (random.nextInt(5)) {
      case 0 -> rpc.fail(Fault.BAD_GATEWAY);
      case 1 -> rpc.fail(Fault.TOO_MANY);
      case 2 -> rpc.failSome(30, Fault.RESET, Fault.PAGE, Fault.TRUNCATED, Fault.LIMIT_EXCEEDED);
      case 3 -> rpc.chain().lag(1 + random.nextInt(3));
      default -> {
        first.fail(Fault.BAD_GATEWAY);
        second.fail(Fault.RESET);
      }
    }
    count("fault", true);
    tell("an endpoint fails");
  }

  private void heal() {
    for (FaultyRpc rpc : List.of(first, second)) {
      rpc.answer();
      rpc.chain().lag(0);
    }
    tell("the endpoints answer");
  }

  /** What streams have reserved when a gateway stops without ending them is as after a crash. */
  private void restart() {
    gateway.close();
    payers.forEach(MarketPayer::crashed);
    gateway = start();
    count("restart", true);
    tell("the gateway restarts");
  }

  private static String outcome(Result<?> result) {
    return result instanceof Result.Refused<?> refused ? refused.refusal().toString() : "taken";
  }

  private void end() {
    heal();
    tell("the end");
    payers.forEach(this::endStream);
    local.anvil.mine(CONFIRMATIONS + 1);
    for (MarketPayer payer : payers) {
      if (!payer.gone && exists(payer.id())) {
        requestClose(payer);
      }
    }
    gateway.watchRound();
    gateway.settleRound();
    payers.forEach(payer -> gateway.settle(payer.id()));
    awaitFinal();
    gateway.watchRound();
    local.anvil.passTime(LocalEscrow.GRACE.plusSeconds(1));
    for (MarketPayer payer : payers) {
      if (read(payer.id()).filter(MarketRun::isLeaving).isPresent()) {
        ok(wallet.withdraw(payer.id()));
      }
    }
    check();
  }

  /** Until nothing that the gateway has sent can be taken back, whatever was. */
  private void awaitFinal() {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (gateway.pendingTransactions() > 0) {
      if (System.nanoTime() > end) {
        throw new AssertionError("transactions stay pending");
      }
      local.anvil.mine(1);
    }
  }

  private Optional<Channel> read(ChannelId id) {
    return await(wallet.read(id)) instanceof Result.Ok<Channel> ok
        ? Optional.of(ok.value())
        : Optional.empty();
  }

  private boolean exists(ChannelId id) {
    return read(id).isPresent();
  }

  private static boolean isLeaving(Channel channel) {
    return channel.isCloseRequested() && !channel.finalized();
  }

  private void check() {
    for (Terms each : terms) {
      Amount held = Amount.ZERO;
      for (MarketPayer payer : payers) {
        Optional<Channel> channel = read(payer.id());
        if (payer.terms.equals(each)) {
          payer.check(channel);
          Amount left =
              channel
                  .filter(open -> !open.finalized())
                  .map(open -> open.deposit().minus(open.settled()))
                  .orElse(Amount.ZERO);
          held = held.plus(left);
        }
      }
      assertEquals(held, balance(local.escrow.contract(), each.token()), "the escrow's solvency");
    }
  }

  private Amount balance(Address account, Address token) {
    String digits =
        token.isZero()
            ? local.anvil.rpc("eth_getBalance", account.hex(), "latest").asText()
            : local
                .anvil
                .rpc(
                    "eth_call",
                    Map.of(
                        "to",
                        token.hex(),
                        "data",
                        "0x70a08231" + "0".repeat(24) + account.hex().substring(2)),
                    "latest")
                .asText();
    return new Amount(new BigInteger(digits.substring(2), 16));
  }
}
