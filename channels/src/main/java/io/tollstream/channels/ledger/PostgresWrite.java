package io.tollstream.channels.ledger;

import static io.tollstream.channels.ledger.Columns.amount;

import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Reservation;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Tariff;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.Map;

/**
 * The one statement that makes a group durable: one round trip, one commit, whatever the group.
 *
 * <p>Each tab is written over the very revision that it was read at, or not at all. Where another
 * transaction holds it, READ COMMITTED waits and then looks at the condition again, on the row as
 * it has become (PostgreSQL 13.2.1). Whatever belongs to a tab is written only with the tab's own
 * row, so that all parts of the statement, which see one snapshot, see what belongs to the revision
 * expected.
 *
 * <p>Parts of such a statement run in no order of their own (PostgreSQL 7.8.4). Here each counts
 * what comes before it: new tabs first, then the locks of the others, both in the order of their
 * ids, so that no two statements wait for each other; and no row is put where one is still to be
 * deleted.
 *
 * <p>"IS TRUE" keeps the look-up of what was written a hash table. Without it the planner, who
 * cannot know how long the arrays are, compares all with all.
 */
final class PostgresWrite {
  static final String SQL =
      """
      WITH opened AS (
        INSERT INTO tab (channel_id, chain_id, escrow, payer, payee, token, authorized_signer,
          deposit, settled, close_requested_at, finalized, phase, redeem, brought_forward, seen_at,
          owed_since, revision)
        SELECT n.*, 0
        FROM unnest($1::BYTEA[], $2::BIGINT[], $3::BYTEA[], $4::BYTEA[], $5::BYTEA[], $6::BYTEA[],
          $7::BYTEA[], $8::TEXT[], $9::TEXT[], $10::BIGINT[], $11::BIGINT[], $12::TEXT[],
          $13::TEXT[], $14::TEXT[], $15::BIGINT[], $16::BIGINT[]) AS n (channel_id)
        ORDER BY n.channel_id
        ON CONFLICT (channel_id) DO NOTHING
        RETURNING channel_id
      ), change AS MATERIALIZED (
        SELECT *
        FROM unnest($17::BYTEA[], $18::BIGINT[], $19::TEXT[], $20::TEXT[], $21::BIGINT[],
            $22::BIGINT[], $23::TEXT[], $24::TEXT[], $25::TEXT[], $26::BIGINT[], $27::BIGINT[])
          AS c (channel_id, revision, deposit, settled, close_requested_at, finalized, phase,
            redeem, brought_forward, seen_at, owed_since)
        WHERE (SELECT count(*) FROM opened) >= 0
      ), locked AS MATERIALIZED (
        SELECT tab.channel_id
        FROM tab JOIN change c ON tab.channel_id = c.channel_id AND tab.revision = c.revision
        ORDER BY tab.channel_id
        FOR NO KEY UPDATE OF tab
      ), changed AS (
        UPDATE tab SET revision = c.revision + 1, deposit = c.deposit, settled = c.settled,
          close_requested_at = c.close_requested_at, finalized = c.finalized, phase = c.phase,
          redeem = c.redeem, brought_forward = c.brought_forward, seen_at = c.seen_at,
          owed_since = c.owed_since
        FROM change c
        WHERE tab.channel_id = c.channel_id AND tab.revision = c.revision
          AND (SELECT count(*) FROM locked) >= 0
        RETURNING tab.channel_id
      ), written AS MATERIALIZED (
        SELECT channel_id FROM opened UNION ALL SELECT channel_id FROM changed
      ), dropped_voucher AS (
        DELETE FROM voucher v
        USING unnest($28::BYTEA[], $29::TEXT[]) AS d (channel_id, cumulative)
        WHERE v.channel_id = d.channel_id AND v.cumulative = d.cumulative
          AND (d.channel_id IN (SELECT channel_id FROM written)) IS TRUE
        RETURNING v.channel_id
      ), added_voucher AS (
        INSERT INTO voucher (channel_id, cumulative, signature)
        SELECT a.*
        FROM unnest($30::BYTEA[], $31::TEXT[], $32::BYTEA[]) AS a (channel_id)
        WHERE (a.channel_id IN (SELECT channel_id FROM written)) IS TRUE
          AND (SELECT count(*) FROM dropped_voucher) >= 0
      ), dropped_line AS (
        DELETE FROM bill_line b
        USING unnest($33::BYTEA[], $34::TEXT[], $35::TEXT[]) AS d (channel_id, price, unit)
        WHERE b.channel_id = d.channel_id AND b.price = d.price AND b.unit = d.unit
          AND (d.channel_id IN (SELECT channel_id FROM written)) IS TRUE
      ), put_line AS (
        INSERT INTO bill_line (channel_id, price, unit, quanta)
        SELECT a.*
        FROM unnest($36::BYTEA[], $37::TEXT[], $38::TEXT[], $39::BIGINT[]) AS a (channel_id)
        WHERE (a.channel_id IN (SELECT channel_id FROM written)) IS TRUE
        ON CONFLICT (channel_id, price, unit) DO UPDATE SET quanta = excluded.quanta
      ), dropped_reservation AS (
        DELETE FROM reservation r
        USING unnest($40::BYTEA[], $41::BYTEA[], $42::BIGINT[]) AS d (channel_id, node_id, number)
        WHERE r.channel_id = d.channel_id AND r.node_id = d.node_id AND r.number = d.number
          AND (d.channel_id IN (SELECT channel_id FROM written)) IS TRUE
      ), put_reservation AS (
        INSERT INTO reservation (channel_id, node_id, number, price, unit, granted, used)
        SELECT a.*
        FROM unnest($43::BYTEA[], $44::BYTEA[], $45::BIGINT[], $46::TEXT[], $47::TEXT[],
          $48::BIGINT[], $49::BIGINT[]) AS a (channel_id)
        WHERE (a.channel_id IN (SELECT channel_id FROM written)) IS TRUE
        ON CONFLICT (channel_id, node_id, number) DO UPDATE
        SET price = excluded.price, unit = excluded.unit, granted = excluded.granted,
          used = excluded.used
      )
      SELECT e.channel_id FROM unnest($1::BYTEA[]) AS e (channel_id)
      WHERE e.channel_id NOT IN (SELECT channel_id FROM opened)
      UNION ALL
      SELECT e.channel_id FROM unnest($17::BYTEA[]) AS e (channel_id)
      WHERE e.channel_id NOT IN (SELECT channel_id FROM changed)
      UNION ALL
      SELECT e.channel_id
      FROM unnest($50::BYTEA[], $51::BIGINT[]) AS e (channel_id, revision)
        LEFT JOIN tab ON tab.channel_id = e.channel_id
      WHERE coalesce(tab.revision, -1) <> e.revision
      """;

  private static final Class<?> BYTES = Buffer.class;
  private static final Class<?> LONG = Long.class;
  private static final Class<?> TEXT = String.class;

  private final ColumnArrays opened =
      new ColumnArrays(
          BYTES, LONG, BYTES, BYTES, BYTES, BYTES, BYTES, TEXT, TEXT, LONG, LONG, TEXT, TEXT, TEXT,
          LONG, LONG);
  private final ColumnArrays changed =
      new ColumnArrays(BYTES, LONG, TEXT, TEXT, LONG, LONG, TEXT, TEXT, TEXT, LONG, LONG);
  private final ColumnArrays droppedVouchers = new ColumnArrays(BYTES, TEXT);
  private final ColumnArrays addedVouchers = new ColumnArrays(BYTES, TEXT, BYTES);
  private final ColumnArrays droppedLines = new ColumnArrays(BYTES, TEXT, TEXT);
  private final ColumnArrays putLines = new ColumnArrays(BYTES, TEXT, TEXT, LONG);
  private final ColumnArrays droppedReservations = new ColumnArrays(BYTES, BYTES, LONG);
  private final ColumnArrays putReservations =
      new ColumnArrays(BYTES, BYTES, LONG, TEXT, TEXT, LONG, LONG);

  private PostgresWrite() {}

  /** The parameters that write these changes and check these revisions. */
  static Tuple parameters(List<TabChange> changes, Map<ChannelId, Long> reads) {
    PostgresWrite write = new PostgresWrite();
    changes.forEach(write::add);
    Tuple parameters = Tuple.tuple();
    List.of(
            write.opened,
            write.changed,
            write.droppedVouchers,
            write.addedVouchers,
            write.droppedLines,
            write.putLines,
            write.droppedReservations,
            write.putReservations,
            PostgresRead.revisions(reads))
        .forEach(rows -> rows.addTo(parameters));
    return parameters;
  }

  private void add(TabChange change) {
    Buffer id = Buffer.buffer(change.after().id().bytes());
    addTab(id, change);
    for (Voucher voucher : change.droppedVouchers()) {
      droppedVouchers.add(id, amount(voucher.cumulative()));
    }
    for (Voucher voucher : change.addedVouchers()) {
      addedVouchers.add(
          id, amount(voucher.cumulative()), Buffer.buffer(voucher.signature().bytes()));
    }
    for (Tariff tariff : change.droppedLines()) {
      droppedLines.add(id, amount(tariff.price()), tariff.unit().label());
    }
    for (Map.Entry<Tariff, Long> line : change.changedLines()) {
      Tariff tariff = line.getKey();
      putLines.add(id, amount(tariff.price()), tariff.unit().label(), line.getValue());
    }
    for (StreamId stream : change.droppedReservations()) {
      droppedReservations.add(id, Buffer.buffer(stream.node().bytes()), stream.number());
    }
    change.changedReservations().forEach(held -> addReservation(id, held));
  }

  private void addReservation(Buffer id, Reservation held) {
    putReservations.add(
        id,
        Buffer.buffer(held.stream().node().bytes()),
        held.stream().number(),
        amount(held.tariff().price()),
        held.tariff().unit().label(),
        held.granted(),
        held.used());
  }

  /** A tab's own row is written in any case: its revision stands for all that belongs to it. */
  private void addTab(Buffer id, TabChange change) {
    Tab tab = change.after();
    Channel channel = tab.channel();
    if (change.before() != null) {
      changed.add(
          id,
          change.revision(),
          amount(channel.deposit()),
          amount(channel.settled()),
          channel.closeRequestedAt(),
          channel.finalized() ? 1L : 0L,
          Columns.phase(tab.phase()),
          Columns.redeem(tab.phase()),
          amount(tab.broughtForward()),
          tab.seenAt(),
          tab.owedSince());
      return;
    }
    opened.add(
        id,
        channel.escrow().chainId(),
        Buffer.buffer(channel.escrow().contract().bytes()),
        Buffer.buffer(channel.payer().bytes()),
        Buffer.buffer(channel.payee().bytes()),
        Buffer.buffer(channel.token().bytes()),
        Buffer.buffer(channel.authorizedSigner().bytes()),
        amount(channel.deposit()),
        amount(channel.settled()),
        channel.closeRequestedAt(),
        channel.finalized() ? 1L : 0L,
        Columns.phase(tab.phase()),
        Columns.redeem(tab.phase()),
        amount(tab.broughtForward()),
        tab.seenAt(),
        tab.owedSince());
  }
}
