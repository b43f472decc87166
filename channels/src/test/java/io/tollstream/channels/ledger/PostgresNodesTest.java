package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.ledger.Payments.await;
import static io.tollstream.channels.ledger.Payments.count;
import static io.tollstream.channels.ledger.Payments.pay;
import static io.tollstream.channels.ledger.Payments.reserve;
import static io.tollstream.channels.ledger.Payments.settle;
import static io.tollstream.channels.ledger.Payments.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.Samples;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Tab.Grant;
import io.tollstream.metering.Amount;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two gateways on one ledger. */
@Timeout(120)
final class PostgresNodesTest {
  private static final int CHANNELS = 6;

  private final Nodes nodes = new Nodes(Postgres.shared()).lanes(2);
  private final PostgresLedger one = nodes.open();
  private final PostgresLedger other = nodes.open();

  @AfterEach
  void close() {
    one.close();
    other.close();
  }

  private static Tab tab(Ledger ledger, ChannelId id) {
    return await(
        ledger.apply(
            id,
            tab -> {
              if (tab == null) {
                throw new AssertionError("no tab of " + id);
              }
              return Step.keep(tab);
            }));
  }

  /** A stream that waits for a voucher. */
  private static void hold(Ledger ledger, int channel) {
    StreamId stream = new StreamId(ledger.node(), channel);
    assertEquals(0, await(ledger.apply(id(channel), reserve(stream, 0, 100, 0))).granted());
  }

  @Test
  void accept_onOneNode_wakesTheStreamsOfTheOther() throws InterruptedException {
    Heard heardHere = Heard.by(one);
    Heard heardThere = Heard.by(other);
    await(one.apply(id(1), pay(1, 0)));
    await(one.apply(id(2), pay(2, 0)));
    hold(other, 1);
    hold(one, 2);

    await(one.apply(id(1), pay(1, 100)));
    assertEquals(id(1), Heard.next(heardThere.changed));
    assertEquals(Amount.of(100), tab(other, id(1)).authorized());

    // Notices come in their order: had this node heard its own, that would be the first.
    await(other.apply(id(2), pay(2, 100)));
    assertEquals(id(2), Heard.next(heardHere.changed));
  }

  @Test
  void settle_onOneNode_wakesTheStreamsOfTheOther() throws InterruptedException {
    Heard heard = Heard.by(other);
    await(one.apply(id(1), pay(1, 100)));
    StreamId greedy = new StreamId(one.node(), 1);
    await(one.apply(id(1), reserve(greedy, 0, 100, 0)));
    hold(other, 1);
    await(one.apply(id(1), settle(greedy, 30)));
    assertEquals(id(1), Heard.next(heard.changed));
    StreamId waiting = new StreamId(other.node(), 1);
    assertEquals(70, await(other.apply(id(1), reserve(waiting, 0, 100, 0))).granted());
  }

  @Test
  void demand_onOneNode_isHeardOnTheOther() throws InterruptedException {
    Heard heard = Heard.by(other);
    one.demand(id(7), Amount.MAX);
    assertEquals(Map.entry(id(7), Amount.MAX), Heard.next(heard.demanded));
  }

  @Test
  void changes_moreThanAreToldOneByOne_areHeardOfAllTheSame() throws InterruptedException {
    Heard heard = Heard.by(other);
    int many = 700;
    List<CompletionStage<?>> stages = new ArrayList<>();
    for (int i = 1; i <= many; i++) {
      stages.add(one.apply(id(i), pay(i, 0)));
    }
    stages.forEach(Payments::await);
    IntStream.rangeClosed(1, many).forEach(i -> hold(other, i));
    stages.clear();
    for (int i = 1; i <= many; i++) {
      stages.add(one.apply(id(i), pay(i, 5)));
    }
    stages.forEach(Payments::await);
    List<ChannelId> told = new ArrayList<>();
    while (told.size() < many) {
      told.add(Heard.next(heard.changed));
    }
    Collections.sort(told, (a, b) -> a.toString().compareTo(b.toString()));
    assertEquals(IntStream.rangeClosed(1, many).mapToObj(Samples::id).toList(), told);
  }

  @Test
  void connectionOfOneNode_lost_hasItLookAtEverything() throws InterruptedException {
    try (Wire wire = Wire.to(nodes.postgres().port());
        PostgresLedger third = nodes.through(wire).open()) {
      Heard heard = Heard.by(third);
      wire.cutOnce();
      Heard.next(heard.missed);
      await(one.apply(id(1), pay(1, 0)));
      hold(third, 1);
      await(one.apply(id(1), pay(1, 1)));
      assertEquals(id(1), Heard.next(heard.changed));
    }
  }

  @Test
  void leads_ofAllNodes_theOneThatIsThereForLongest() throws InterruptedException {
    assertTrue(one.leads());
    assertFalse(other.leads());
    Nodes quick = new Nodes(nodes.postgres(), nodes.database()).lease(Duration.ofSeconds(1));
    try (PostgresLedger third = quick.open()) {
      assertFalse(third.leads());
      one.close();
      other.close();
      until(third::leads);
    }
  }

  @Test
  void reserve_atRandomOnBothNodes_neverExceedsWhatIsAuthorized() throws InterruptedException {
    AtomicLongArray used = new AtomicLongArray(CHANNELS);
    AtomicLongArray signed = new AtomicLongArray(CHANNELS);
    IntStream.range(0, CHANNELS).forEach(i -> await(one.apply(id(i), pay(i, 0))));
    AtomicInteger streams = new AtomicInteger();
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 8; t++) {
      Ledger ledger = t % 2 == 0 ? one : other;
      Random random = new Random(t);
      Thread thread =
          new Thread(
              () -> {
                for (int i = 0; i < 40; i++) {
                  stream(ledger, random, streams.incrementAndGet(), used, signed);
                }
              });
      thread.setUncaughtExceptionHandler((dead, failure) -> failures.add(failure));
      threads.add(thread);
    }
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(List.of(), failures);
    for (int i = 0; i < CHANNELS; i++) {
      Tab tab = tab(one, id(i));
      assertEquals(Amount.of(used.get(i)), tab.spent());
      assertFalse(tab.spent().exceeds(tab.authorized()));
      assertEquals(List.of(), tab.reservations());
    }
    assertNoDeadlock();
  }

  /** Pays a little, and streams in a few steps as far as it is let. */
  private static void stream(
      Ledger ledger, Random random, int number, AtomicLongArray used, AtomicLongArray signed) {
    int channel = random.nextInt(CHANNELS);
    long cumulative = signed.addAndGet(channel, random.nextInt(30));
    await(ledger.apply(id(channel), raise(channel, cumulative)));
    StreamId stream = new StreamId(ledger.node(), number);
    long granted = 0;
    long mine = 0;
    for (int step = 0; step < 3; step++) {
      long wanted = granted + 1 + random.nextInt(20);
      granted = await(ledger.apply(id(channel), reserve(stream, granted, wanted, mine))).granted();
      long more = random.nextLong(granted - mine + 1);
      mine += more;
      // What was signed is counted before it is accepted: a limit that nothing may cross.
      assertTrue(used.addAndGet(channel, more) <= signed.get(channel));
    }
    await(ledger.apply(id(channel), settle(stream, mine)));
  }

  private static Ledger.Transition<Boolean> raise(int channel, long cumulative) {
    return tab -> {
      if (tab != null && tab.authorized().compareTo(Amount.of(cumulative)) >= 0) {
        return Step.keep(false);
      }
      Step<Tab> paid = pay(channel, cumulative).apply(tab);
      return new Step<>(paid.tab(), true);
    };
  }

  /**
   * Big groups at the same moment: without an order of the locks, about one pair in six collides.
   */
  @Test
  void groups_ofTheSameChannelsInOppositeOrders_areAllDoneOnce() throws Exception {
    int channels = 500;
    int rounds = 30;
    IntStream.range(0, channels).forEach(i -> one.apply(id(i), pay(i, 0)));
    CyclicBarrier together = new CyclicBarrier(2);
    ExecutorService threads = Executors.newFixedThreadPool(2);
    List<Future<?>> running = new ArrayList<>();
    for (Ledger ledger : List.of(one, other)) {
      running.add(threads.submit(() -> countAll(ledger, channels, rounds, together)));
    }
    for (Future<?> each : running) {
      each.get();
    }
    threads.shutdown();
    for (int i = 0; i < channels; i++) {
      assertEquals(Amount.of(2L * rounds), tab(one, id(i)).authorized());
    }
    assertNoDeadlock();
  }

  private static boolean countAll(Ledger ledger, int channels, int rounds, CyclicBarrier together)
      throws Exception {
    Random random = new Random(ledger.hashCode());
    for (int round = 0; round < rounds; round++) {
      List<Integer> order = new ArrayList<>(IntStream.range(0, channels).boxed().toList());
      Collections.shuffle(order, random);
      together.await();
      List<CompletionStage<Long>> stages = new ArrayList<>();
      order.forEach(channel -> stages.add(ledger.apply(id(channel), count(channel))));
      stages.forEach(Payments::await);
    }
    return true;
  }

  private void assertNoDeadlock() {
    assertEquals(
        0,
        nodes.number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"));
  }

  @Test
  void grant_onOneNode_isSeenByTheOther() {
    await(one.apply(id(1), pay(1, 100)));
    Grant here = await(one.apply(id(1), reserve(new StreamId(one.node(), 1), 0, 60, 0)));
    Grant there = await(other.apply(id(1), reserve(new StreamId(other.node(), 1), 0, 60, 0)));
    assertEquals(60, here.granted());
    assertEquals(40, there.granted());
    assertEquals(2, tab(one, id(1)).reservations().size());
  }
}
