package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.Samples.refusal;
import static io.tollstream.channels.ledger.Payments.assertUnavailable;
import static io.tollstream.channels.ledger.Payments.await;
import static io.tollstream.channels.ledger.Payments.pay;
import static io.tollstream.channels.ledger.Payments.reserve;
import static io.tollstream.channels.ledger.Payments.settle;
import static io.tollstream.channels.ledger.Payments.until;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Ledger;
import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.NodeId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Reservation.Ask;
import io.tollstream.channels.Result;
import io.tollstream.channels.Samples;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.metering.Amount;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A node that is dead, that seems so, and that does not know it yet. */
@Timeout(120)
final class PostgresLeaseTest {
  private static final String NOW = PostgresNode.NOW;
  private static final String LEFT_MILLIS =
      "SELECT lease_until_millis - " + NOW + " FROM node WHERE node_id = ?";

  private static final Duration SHORT = Duration.ofSeconds(5);

  /** So long that nobody renews it, or looks at that of others, before the test is over. */
  private static final Duration LONG = Duration.ofMinutes(5);

  private final Nodes nodes = new Nodes(Postgres.shared()).timeout(Duration.ofSeconds(1));

  private static Tab tab(Ledger ledger) {
    return await(ledger.apply(id(1), tab -> Step.keep(requireNonNull(tab))));
  }

  private static StreamId streaming(Ledger ledger) {
    await(ledger.apply(id(1), pay(1, 100)));
    StreamId stream = new StreamId(ledger.node(), 1);
    assertEquals(60, await(ledger.apply(id(1), reserve(stream, 0, 60, 0))).granted());
    return stream;
  }

  private static @Nullable NodeId nodeOrNull(Ledger ledger) {
    try {
      return ledger.node();
    } catch (LedgerUnavailable lapsed) {
      return null;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cut", "held"})
  void node_outOfTouch_endsBeforeOthersCallItDead(String wireIs) throws Exception {
    Consumer<Wire> breaks = wireIs.equals("cut") ? Wire::cut : Wire::hold;
    nodes.lease(SHORT);
    PostgresLedger there = nodes.open();
    Wire wire = Wire.to(nodes.postgres().port());
    PostgresLedger away = nodes.through(wire).open();
    try (there;
        away;
        wire;
        Connection look = nodes.connect();
        PreparedStatement left = look.prepareStatement(LEFT_MILLIS)) {
      NodeId before = away.node();
      left.setBytes(1, before.bytes());
      AtomicLong leftMillis = new AtomicLong();
      Heard heard = new Heard(() -> leftMillis.set(number(left)));
      away.listen(heard);
      StreamId stream = streaming(away);

      breaks.accept(wire);
      Heard.next(heard.expired);
      assertTrue(leftMillis.get() > 0, "by the database's clock: " + leftMillis);
      assertThrows(LedgerUnavailable.class, away::node);
      assertUnavailable(away.apply(id(1), reserve(stream, 60, 90, 60)));

      until(() -> tab(there).reservations().isEmpty());
      assertEquals(Amount.of(60), tab(there).spent());

      wire.release();
      until(() -> nodeOrNull(away) != null);
      assertNotEquals(before, away.node());
      Heard.next(heard.missed);
      until(() -> await(away.apply(id(1), settle(stream, 0)).handle((tab, e) -> tab != null)));
      assertEquals(Amount.of(60), tab(away).spent());
    }
  }

  private static long number(PreparedStatement statement) {
    try (ResultSet row = statement.executeQuery()) {
      return row.next() ? row.getLong(1) : -1;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Ledger.Transition<Long> reserveAll(Ledger ledger) {
    StreamId stream = new StreamId(ledger.node(), 9);
    return tab -> {
      var step = reserve(stream, 0, 1_000, 0).apply(tab);
      return new Step<>(step.tab(), step.answer().granted());
    };
  }

  private static String literal(NodeId node) {
    return "'\\x" + node.hex().substring(2) + "'";
  }

  @Test
  void clockOfTheDatabase_setForward_endsTheNodeAndItComesBack() throws InterruptedException {
    try (PostgresLedger ledger = nodes.lease(SHORT).open()) {
      Heard heard = Heard.by(ledger);
      NodeId before = ledger.node();
      streaming(ledger);
      nodes.execute("UPDATE node SET lease_until_millis = lease_until_millis - 86400000");
      Heard.next(heard.expired);
      until(() -> nodeOrNull(ledger) != null);
      assertNotEquals(before, ledger.node());
      until(() -> tab(ledger).reservations().isEmpty());
      assertEquals(Amount.of(60), tab(ledger).spent());
      assertEquals(1, nodes.number("SELECT count(*) FROM node"));
    }
  }

  @Test
  void clockOfTheDatabase_setBack_leavesADeadNodeFiveMinutesAtMost() {
    PostgresSchema.migrate(nodes.server(), LONG);
    nodes.execute(Golden.NODE_ROW.replace("X'", "'\\x"));
    nodes.execute("UPDATE node SET lease_until_millis = " + NOW + " + 86400000");
    try (PostgresLedger ledger = nodes.open()) {
      assertNotEquals(Samples.NODE, ledger.node());
      long left =
          nodes.number(
              "SELECT lease_until_millis - "
                  + NOW
                  + " FROM node WHERE node_id = "
                  + literal(Samples.NODE));
      assertTrue(left > 0 && left <= LONG.toMillis(), "left: " + left);
    }
  }

  @Test
  void node_calledDeadWithoutKnowing_canReserveNothingMore() throws InterruptedException {
    try (PostgresLedger dead = nodes.lease(LONG).open()) {
      Heard heard = Heard.by(dead);
      NodeId before = dead.node();
      StreamId stream = streaming(dead);
      nodes.execute("UPDATE node SET lease_until_millis = 1");
      try (PostgresLedger successor = nodes.open()) {
        assertEquals(0, tab(successor).reservations().size());

        Refusal refusal = refusal(await(dead.apply(id(1), more(stream))));
        assertInstanceOf(Refusal.StreamEnded.class, refusal);
        assertEquals(Amount.of(60), await(dead.apply(id(1), settle(stream, 10))).spent());
        assertEquals(before, dead.node());

        // Of a group, the one that the foreign key refuses fails alone.
        CompletionStage<?> voucher = dead.apply(id(1), pay(1, 150));
        CompletionStage<?> fresh = dead.apply(id(2), newStream(before));
        CompletionStage<?> other = dead.apply(id(3), pay(3, 1));
        assertUnavailable(fresh);
        await(voucher);
        await(other);
        assertEquals(Amount.of(150), tab(successor).authorized());

        Heard.next(heard.expired);
        until(() -> nodeOrNull(dead) != null);
        assertNotEquals(before, dead.node());
        assertEquals(90, await(dead.apply(id(1), reserveAll(dead))));
      }
    }
  }

  private static Ledger.Transition<Result<Tab.Grant>> more(StreamId stream) {
    Ask ask = new Ask(stream, Samples.PER_BYTE, 60, 90, 60, Amount.ZERO);
    return tab -> requireNonNull(tab).reserve(ask);
  }

  private static Ledger.Transition<Tab.Grant> newStream(NodeId node) {
    return tab -> {
      Tab paid = pay(2, 5).apply(tab).answer();
      return reserve(new StreamId(node, 77), 0, 1, 0).apply(paid);
    };
  }

  @Test
  void close_leavesNoNodeBehind() {
    nodes.open().close();
    assertEquals(0, nodes.number("SELECT count(*) FROM node"));
  }

  @Test
  void close_withStreamsUnderWay_letsOthersRecoverAtOnce() {
    try (PostgresLedger leaving = nodes.lease(LONG).open()) {
      streaming(leaving);
    }
    try (PostgresLedger ledger = nodes.open()) {
      assertEquals(0, tab(ledger).reservations().size());
      assertEquals(Amount.of(60), tab(ledger).spent());
      assertEquals(1, nodes.number("SELECT count(*) FROM node"));
    }
  }
}
