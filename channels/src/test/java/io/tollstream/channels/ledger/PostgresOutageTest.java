package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.ledger.Payments.assertUnavailable;
import static io.tollstream.channels.ledger.Payments.await;
import static io.tollstream.channels.ledger.Payments.pay;
import static io.tollstream.channels.ledger.Payments.reserve;
import static io.tollstream.channels.ledger.Payments.settle;
import static io.tollstream.channels.ledger.Payments.until;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Ledger;
import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.Ledger.Transition;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Tab.Grant;
import io.tollstream.metering.Amount;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The server and the wire to it, when they fail. */
@Timeout(180)
final class PostgresOutageTest {
  private static final int CHANNELS = 16;

  private static final String WAITING =
      """
      SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE 'tollstream %'
        AND wait_event_type = 'Lock'
      """;

  private static Tab tab(Ledger ledger) {
    return await(ledger.apply(id(1), tab -> Step.keep(requireNonNull(tab))));
  }

  /** Asks until there is an answer, as everybody must who cannot know what became of a commit. */
  private static <R> R insist(Ledger ledger, Transition<R> transition) throws InterruptedException {
    List<R> answers = new ArrayList<>();
    until(
        () -> {
          try {
            answers.add(await(ledger.apply(id(1), transition)));
            return true;
          } catch (CompletionException e) {
            assertInstanceOf(LedgerUnavailable.class, e.getCause());
            return false;
          }
        });
    return answers.get(0);
  }

  @Test
  void answer_lostOnTheWay_askedAgainIsDoneOnce() throws InterruptedException {
    Nodes nodes = new Nodes(Postgres.shared());
    Wire wire = Wire.to(nodes.postgres().port());
    PostgresLedger ledger = nodes.through(wire).open();
    try (ledger;
        wire) {
      StreamId stream = new StreamId(ledger.node(), 1);
      insist(ledger, pay(1, 1));
      loseAnswer(
          ledger, wire, pay(1, 100), () -> nodes.number("SELECT count(*) FROM voucher") == 2);
      assertEquals(Amount.of(100), insist(ledger, pay(1, 100)).authorized());

      Transition<Grant> ask = reserve(stream, 0, 60, 0);
      loseAnswer(ledger, wire, ask, () -> charged(nodes) == 60);
      assertEquals(60, insist(ledger, ask).granted());

      Transition<Grant> raise = reserve(stream, 60, 90, 50);
      loseAnswer(ledger, wire, raise, () -> charged(nodes) == 90);
      assertEquals(90, insist(ledger, raise).granted());

      loseAnswer(ledger, wire, settle(stream, 70), () -> charged(nodes) == 70);
      insist(ledger, settle(stream, 70));
      assertEquals(Amount.of(70), tab(ledger).spent());
      assertEquals(Amount.of(100), tab(ledger).authorized());
    }
  }

  private static long charged(Nodes nodes) {
    return nodes.number("SELECT quanta FROM bill_line");
  }

  /** The statement arrives and is committed; its answer never comes. */
  private static void loseAnswer(
      Ledger ledger, Wire wire, Transition<?> transition, BooleanSupplier done)
      throws InterruptedException {
    // So that the tab is known and need not be read first.
    insist(ledger, tab -> Step.keep(true));
    wire.holdAnswers();
    CompletionStage<?> unknown = ledger.apply(id(1), transition);
    until(done);
    wire.cut();
    assertUnavailable(unknown);
    wire.release();
  }

  @Test
  void statement_givenUpForLost_isNotCarriedOutLater() throws Exception {
    Nodes nodes = new Nodes(Postgres.shared()).lease(Duration.ofMinutes(5));
    nodes.timeout(Duration.ofSeconds(30));
    Wire wire = Wire.to(nodes.postgres().port());
    PostgresLedger ledger = nodes.through(wire).open();
    try (ledger;
        wire;
        Connection holder = nodes.connect();
        Statement statement = holder.createStatement()) {
      insist(ledger, pay(1, 100));
      holder.setAutoCommit(false);
      statement.execute("SELECT FROM tab FOR UPDATE");
      CompletionStage<Tab> stuck = ledger.apply(id(1), pay(1, 200));
      until(() -> nodes.number(WAITING) == 1);
      wire.cutOnce();
      assertUnavailable(stuck);
      until(() -> await(ledger.apply(id(2), pay(2, 1)).handle((tab, e) -> tab != null)));
      assertEquals(0, nodes.number(WAITING));
      holder.rollback();
      assertEquals(Amount.of(100), tab(ledger).authorized());
    }
  }

  @Test
  void server_outOfReach_failsAtOnceBetweenAttempts() throws InterruptedException {
    Nodes nodes = new Nodes(Postgres.shared());
    Wire wire = Wire.to(nodes.postgres().port());
    PostgresLedger ledger = nodes.through(wire).open();
    try (ledger;
        wire) {
      insist(ledger, pay(1, 100));
      wire.cut();
      for (int i = 0; i < 300; i++) {
        assertUnavailable(ledger.apply(id(1), pay(1, 200 + i)));
      }
      wire.release();
      assertEquals(Amount.of(1_000), insist(ledger, pay(1, 1_000)).authorized());
    }
  }

  @Test
  void server_restartedWhileNobodyAsks_isNotNoticed() {
    try (Postgres server = Postgres.start();
        PostgresLedger ledger = new Nodes(server).open()) {
      await(ledger.apply(id(1), pay(1, 100)));
      server.restart();
      assertEquals(Amount.of(200), await(ledger.apply(id(1), pay(1, 200))).authorized());
    }
  }

  @Test
  void server_restartedAndKilledUnderLoad_losesNothingThatWasAnswered()
      throws InterruptedException {
    try (Postgres server = Postgres.start()) {
      Nodes nodes = new Nodes(server).lanes(2);
      AtomicLong[] acknowledged = new AtomicLong[CHANNELS];
      AtomicBoolean done = new AtomicBoolean();
      try (PostgresLedger one = nodes.open();
          PostgresLedger other = nodes.open()) {
        List<Thread> payers = new ArrayList<>();
        for (int i = 0; i < CHANNELS; i++) {
          acknowledged[i] = new AtomicLong();
          payers.add(payer(i, List.of(one, other), acknowledged[i], done));
        }
        payers.forEach(Thread::start);
        for (int round = 0; round < 4; round++) {
          awaitMore(acknowledged);
          if (round % 2 == 0) {
            server.restart();
          } else {
            server.kill();
            server.up();
          }
        }
        awaitMore(acknowledged);
        done.set(true);
        for (Thread payer : payers) {
          payer.join();
        }
      }
      try (PostgresLedger after = nodes.open()) {
        for (int i = 0; i < CHANNELS; i++) {
          Amount kept =
              await(after.apply(id(i), tab -> Step.keep(requireNonNull(tab).authorized())));
          assertTrue(kept.compareTo(Amount.of(acknowledged[i].get())) >= 0, "channel " + i);
        }
      }
    }
  }

  private static void awaitMore(AtomicLong[] acknowledged) throws InterruptedException {
    for (AtomicLong each : acknowledged) {
      long before = each.get();
      until(() -> each.get() > before + 5);
    }
  }

  /** Signs one voucher after the other, each on whatever node, until told to stop. */
  private static Thread payer(
      int channel, List<PostgresLedger> ledgers, AtomicLong acknowledged, AtomicBoolean done) {
    Random random = new Random(channel);
    return new Thread(
        () -> {
          for (long cumulative = 1; !done.get(); cumulative++) {
            Ledger ledger = ledgers.get(random.nextInt(2));
            try {
              await(ledger.apply(id(channel), pay(channel, cumulative)));
              acknowledged.set(cumulative);
            } catch (CompletionException e) {
              assertInstanceOf(LedgerUnavailable.class, e.getCause());
            }
          }
        });
  }
}
