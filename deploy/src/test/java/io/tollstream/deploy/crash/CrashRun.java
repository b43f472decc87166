package io.tollstream.deploy.crash;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Ledger;
import io.tollstream.channels.Wallet;
import io.tollstream.deploy.crash.Account.State;
import io.tollstream.metering.Amount;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * One run of the harness: calm rounds, in which everything must add up to the base unit, and rounds
 * in which a gateway is killed while all payers work. After each, everybody rests and every tab is
 * held against what its payer holds.
 */
final class CrashRun implements AutoCloseable {
  /** When, in a round, the gateway is killed. */
  enum Moment {
    /** At any time under load. */
    WORKING,
    /** While a voucher is on its way and nobody has heard of it. */
    PAYING,
    /** The instant a voucher is acknowledged: nothing may be left to be done for it. */
    ACKNOWLEDGING,
    /** While a channel is being closed. */
    CLOSING,
    /** Before it has come up, or just then, with everybody at the door. */
    STARTING,
    /** After it was asked to stop, before it has stopped. */
    STOPPING
  }

  /** As often as they are told to tell something. */
  private static final List<Moment> MOMENTS =
      List.of(
          Moment.WORKING,
          Moment.WORKING,
          Moment.PAYING,
          Moment.ACKNOWLEDGING,
          Moment.ACKNOWLEDGING,
          Moment.ACKNOWLEDGING,
          Moment.CLOSING,
          Moment.CLOSING,
          Moment.STARTING,
          Moment.STOPPING);

  private static final int PAYERS = 16;
  private static final int CALM_STREAMS = 8 * PAYERS;
  private static final int MOST_SOLD_BYTES = 8 << 20;
  private static final int MOST_CLOSE_MILLIS = 60;
  private static final int MOST_STOP_MILLIS = 100;
  private static final int MOST_OUTAGE_MILLIS = 1_000;
  private static final int MOST_RECOVERY_MILLIS = 500;
  private static final int ROUNDS_BETWEEN_CALMS = 25;
  private static final int LOOK_NANOS = 100_000;
  private static final int PATIENCE_SECONDS = 60;

  private final Random random;
  private final Engine engine;
  private final Market market;
  private final Cluster cluster;
  private final Load load;
  private final Audit audit;
  private long startMillis = 1_000;

  CrashRun(Engine engine, Market market, Random random) throws IOException {
    this.random = random;
    this.engine = engine;
    this.market = market;
    this.cluster = new Cluster(market, engine);
    List<Wallet> wallets = market.wallets(PAYERS, random);
    this.load = new Load(market, cluster, wallets, random);
    this.audit = new Audit(market, cluster, load);
  }

  void run(int rounds) throws Exception {
    cluster.start();
    cluster.askPrices();
    load.start();
    for (int round = 0; round < rounds; round++) {
      if (round % ROUNDS_BETWEEN_CALMS == 0) {
        calm();
      }
      Engine.Server server = engine.victim();
      String what = server == null ? crash(cluster.any(random)) : crash(server);
      audit.tabs();
      long soldMiB = load.incidents().bytes.sum() >> 20;
      System.out.printf("%3d %s, %d MiB sold%n", round, what, soldMiB);
    }
    calm();
    closeAll();
  }

  /** Nobody dies, and the gateways are stopped and started as they should be. */
  private void calm() throws Exception {
    load.resume(true);
    long enough = load.incidents().streams.sum() + CALM_STREAMS;
    await(() -> load.incidents().streams.sum() >= enough, "streams");
    load.pause();
    audit.tabs();
    cluster.stop();
    cluster.start();
  }

  private Moment anyMoment() {
    return MOMENTS.get(random.nextInt(MOMENTS.size()));
  }

  /** A gateway dies; what it did is told. */
  private String crash(GatewayProcess victim) throws Exception {
    Moment moment = anyMoment();
    if (moment == Moment.STARTING) {
      victim.kill();
      victim.spawn();
    }
    load.resume(false);
    await(moment);
    String underWay = load.incidents().underWay();
    if (moment == Moment.STOPPING) {
      victim.terminate();
      Thread.sleep(random.nextInt(MOST_STOP_MILLIS));
    }
    victim.kill();
    load.pause();
    long startedNanos = System.nanoTime();
    victim.spawn();
    victim.awaitReady();
    startMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNanos);
    return "%s killed %s: %s under way, up again after %d ms"
        .formatted(victim, moment, underWay, startMillis);
  }

  /** The ledger's server dies and comes back, and the gateways live through it at work. */
  private String crash(Engine.Server victim) throws Exception {
    Moment moment = anyMoment();
    load.resume(false);
    await(moment == Moment.STARTING ? Moment.WORKING : moment);
    String underWay = load.incidents().underWay();
    load.incidents().outageBegins();
    strike(victim, moment);
    int outageMillis = random.nextInt(MOST_OUTAGE_MILLIS);
    Thread.sleep(outageMillis);
    victim.start();
    load.pause();
    load.incidents().outageEnds();
    return "ledger's server killed %s: %s under way, down for %d ms"
        .formatted(moment, underWay, outageMillis);
  }

  private void strike(Engine.Server victim, Moment moment) throws InterruptedException {
    if (moment == Moment.STOPPING) {
      victim.stop();
      return;
    }
    victim.kill();
    if (moment == Moment.STARTING) {
      CompletableFuture<Void> recovering = CompletableFuture.runAsync(victim::start);
      Thread.sleep(random.nextInt(MOST_RECOVERY_MILLIS));
      victim.kill();
      recovering.join();
    }
  }

  /**
   * Moments are told by what was sold, so that a slow machine is killed at work as a fast one is.
   */
  private void await(Moment moment) throws InterruptedException {
    switch (moment) {
      case WORKING, STOPPING -> awaitSold(random.nextInt(MOST_SOLD_BYTES));
      case PAYING -> {
        awaitSold(random.nextInt(MOST_SOLD_BYTES / 4));
        await(() -> load.incidents().vouchersUnderWay.get() > 0, "vouchers");
      }
      case ACKNOWLEDGING -> {
        awaitSold(random.nextInt(MOST_SOLD_BYTES / 4));
        load.incidents().spinUntilAcknowledged();
      }
      case CLOSING -> {
        awaitSold(random.nextInt(MOST_SOLD_BYTES / 4));
        CountDownLatch asked = load.demandClose();
        await(() -> asked.getCount() == 0, "a close");
        Thread.sleep(random.nextInt(MOST_CLOSE_MILLIS));
      }
      case STARTING -> Thread.sleep(random.nextLong(startMillis * 3 / 2));
    }
  }

  private void awaitSold(int bytes) throws InterruptedException {
    long enough = load.incidents().bytes.sum() + bytes;
    await(() -> load.incidents().bytes.sum() >= enough, bytes + " bytes");
  }

  private void await(BooleanSupplier event, String name) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!event.getAsBoolean()) {
      load.incidents().orThrow();
      assertTrue(System.nanoTime() < deadline, () -> "waited in vain for " + name);
      Thread.sleep(0, LOOK_NANOS);
    }
  }

  private void closeAll() throws Exception {
    cluster.stop();
    try (Ledger ledger = engine.open(market.home())) {
      audit.stored(ledger);
    }
    cluster.start();
    load.finish();
    await(this::isAllClosed, "closes");
    load.pause();
    audit.tabs();
    cluster.stop();
    try (Ledger ledger = engine.open(market.home())) {
      audit.stored(ledger);
      audit.closed(ledger);
    }
    for (GatewayProcess gateway : cluster.gateways()) {
      assertFalse(gateway.messages().contains(" ERROR "), gateway::messages);
    }
  }

  private boolean isAllClosed() {
    return load.accounts().stream().allMatch(account -> account.state() == State.CLOSED);
  }

  /** Whether it has tried everything that it is there to try. */
  boolean hasTriedAll() {
    return engine.victim() == null
        ? load.incidents().haveGatewaysDied()
        : load.incidents().hasLedgerDied();
  }

  /** What it has tried, and what crashes and hurry have cost the payers, in base units. */
  @Override
  public String toString() {
    Amount charged = Amount.ZERO;
    Amount surplus = Amount.ZERO;
    for (Account account : load.accounts()) {
      charged = charged.plus(account.lastSpent());
      surplus = surplus.plus(account.surplus());
    }
    int channels = load.accounts().size();
    return load.incidents()
        + "; "
        + charged
        + " charged on "
        + channels
        + " channels, "
        + surplus
        + " of it for bytes that never came";
  }

  @Override
  public void close() {
    load.close();
    cluster.end();
  }
}
