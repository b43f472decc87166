package io.tollstream.channels.ledger;

import io.tollstream.channels.Channel;
import io.tollstream.channels.Reservation;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Tariff;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;

/** Writes the rows that changed, in batches by statement, to a connection that it does not own. */
final class TabWriter {
  private final PreparedStatement tab;
  private final PreparedStatement dropVoucher;
  private final PreparedStatement addVoucher;
  private final PreparedStatement dropLine;
  private final PreparedStatement putLine;
  private final PreparedStatement dropReservation;
  private final PreparedStatement putReservation;

  TabWriter(Connection connection) throws SQLException {
    tab =
        connection.prepareStatement(
            """
            INSERT INTO tab (channel_id, chain_id, escrow, payer, payee, token, authorized_signer,
              deposit, settled, close_requested_at, finalized, phase, redeem, brought_forward,
              seen_at, owed_since)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (channel_id) DO UPDATE SET deposit = excluded.deposit,
              settled = excluded.settled, close_requested_at = excluded.close_requested_at,
              finalized = excluded.finalized, phase = excluded.phase, redeem = excluded.redeem,
              brought_forward = excluded.brought_forward, seen_at = excluded.seen_at,
              owed_since = excluded.owed_since
            """);
    dropVoucher =
        connection.prepareStatement("DELETE FROM voucher WHERE channel_id = ? AND cumulative = ?");
    addVoucher =
        connection.prepareStatement(
            "INSERT INTO voucher (channel_id, cumulative, signature) VALUES (?, ?, ?)");
    dropLine =
        connection.prepareStatement(
            "DELETE FROM bill_line WHERE channel_id = ? AND price = ? AND unit = ?");
    putLine =
        connection.prepareStatement(
            """
            INSERT INTO bill_line (channel_id, price, unit, quanta) VALUES (?, ?, ?, ?)
            ON CONFLICT (channel_id, price, unit) DO UPDATE SET quanta = excluded.quanta
            """);
    dropReservation =
        connection.prepareStatement(
            "DELETE FROM reservation WHERE channel_id = ? AND node_id = ? AND number = ?");
    putReservation =
        connection.prepareStatement(
            """
            INSERT INTO reservation (channel_id, node_id, number, price, unit, granted, used)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (channel_id, node_id, number)
            DO UPDATE SET price = excluded.price, unit = excluded.unit,
              granted = excluded.granted, used = excluded.used
            """);
  }

  /** Writes without committing. */
  void write(List<TabChange> changes) throws SQLException {
    for (TabChange change : changes) {
      add(change);
    }
    for (PreparedStatement each :
        List.of(tab, dropVoucher, addVoucher, dropLine, putLine, dropReservation, putReservation)) {
      each.executeBatch();
    }
  }

  private void add(TabChange change) throws SQLException {
    byte[] id = change.after().id().bytes();
    if (change.isOfTab()) {
      addTab(id, change.after());
    }
    addVouchers(id, change);
    addLines(id, change);
    addReservations(id, change);
  }

  private void addVouchers(byte[] id, TabChange change) throws SQLException {
    for (Voucher voucher : change.droppedVouchers()) {
      dropVoucher.setBytes(1, id);
      dropVoucher.setString(2, Columns.amount(voucher.cumulative()));
      dropVoucher.addBatch();
    }
    for (Voucher voucher : change.addedVouchers()) {
      addVoucher.setBytes(1, id);
      addVoucher.setString(2, Columns.amount(voucher.cumulative()));
      addVoucher.setBytes(3, voucher.signature().bytes());
      addVoucher.addBatch();
    }
  }

  private void addLines(byte[] id, TabChange change) throws SQLException {
    for (Tariff tariff : change.droppedLines()) {
      bindLine(dropLine, id, tariff);
      dropLine.addBatch();
    }
    for (Map.Entry<Tariff, Long> line : change.changedLines()) {
      bindLine(putLine, id, line.getKey());
      putLine.setLong(4, line.getValue());
      putLine.addBatch();
    }
  }

  private void addReservations(byte[] id, TabChange change) throws SQLException {
    for (StreamId stream : change.droppedReservations()) {
      bindStream(dropReservation, id, stream);
      dropReservation.addBatch();
    }
    for (Reservation held : change.changedReservations()) {
      bindStream(putReservation, id, held.stream());
      putReservation.setString(4, Columns.amount(held.tariff().price()));
      putReservation.setString(5, held.tariff().unit().label());
      putReservation.setLong(6, held.granted());
      putReservation.setLong(7, held.used());
      putReservation.addBatch();
    }
  }

  private static void bindStream(PreparedStatement statement, byte[] id, StreamId stream)
      throws SQLException {
    statement.setBytes(1, id);
    statement.setBytes(2, stream.node().bytes());
    statement.setLong(3, stream.number());
  }

  private static void bindLine(PreparedStatement statement, byte[] id, Tariff tariff)
      throws SQLException {
    statement.setBytes(1, id);
    statement.setString(2, Columns.amount(tariff.price()));
    statement.setString(3, tariff.unit().label());
  }

  private void addTab(byte[] id, Tab next) throws SQLException {
    Channel channel = next.channel();
    tab.setBytes(1, id);
    tab.setLong(2, channel.escrow().chainId());
    tab.setBytes(3, channel.escrow().contract().bytes());
    tab.setBytes(4, channel.payer().bytes());
    tab.setBytes(5, channel.payee().bytes());
    tab.setBytes(6, channel.token().bytes());
    tab.setBytes(7, channel.authorizedSigner().bytes());
    tab.setString(8, Columns.amount(channel.deposit()));
    tab.setString(9, Columns.amount(channel.settled()));
    tab.setLong(10, channel.closeRequestedAt());
    tab.setLong(11, channel.finalized() ? 1 : 0);
    tab.setString(12, Columns.phase(next.phase()));
    tab.setString(13, Columns.redeem(next.phase()));
    tab.setString(14, Columns.amount(next.broughtForward()));
    tab.setLong(15, next.seenAt());
    tab.setLong(16, next.owedSince());
    tab.addBatch();
  }
}
