package io.tollstream.channels.ledger;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.NodeId;
import io.tollstream.channels.Reservation;
import io.tollstream.channels.Signature;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Tab.Phase;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Bill;
import io.tollstream.metering.Tariff;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads tabs from a connection that it does not own. */
final class TabReader {
  private static final String TAB =
      """
      SELECT channel_id, chain_id, escrow, payer, payee, token, authorized_signer, deposit, settled,
        close_requested_at, finalized, phase, redeem, brought_forward, seen_at, owed_since
      FROM tab
      """;

  private final PreparedStatement one;
  private final PreparedStatement page;
  private final PreparedStatement ids;
  private final PreparedStatement vouchers;
  private final PreparedStatement lines;
  private final PreparedStatement reservations;

  TabReader(Connection connection) throws SQLException {
    one = connection.prepareStatement(TAB + "WHERE channel_id = ?");
    page = connection.prepareStatement(TAB + "WHERE channel_id > ? ORDER BY channel_id LIMIT ?");
    ids =
        connection.prepareStatement(
            "SELECT channel_id FROM tab WHERE channel_id > ? ORDER BY channel_id LIMIT ?");
    vouchers =
        connection.prepareStatement(
            """
            SELECT cumulative, signature FROM voucher WHERE channel_id = ? ORDER BY cumulative
            """);
    lines =
        connection.prepareStatement(
            "SELECT price, unit, quanta FROM bill_line WHERE channel_id = ?");
    reservations =
        connection.prepareStatement(
            """
            SELECT node_id, number, price, unit, granted, used FROM reservation
            WHERE channel_id = ? ORDER BY node_id, number
            """);
  }

  /**
   * One tab, or null.
   *
   * @throws IllegalArgumentException if its rows make no valid tab
   */
  @Nullable Tab read(ChannelId channelId) throws SQLException {
    one.setBytes(1, channelId.bytes());
    try (ResultSet row = one.executeQuery()) {
      return row.next() ? tab(row) : null;
    }
  }

  /** Channels in the order of their ids; null starts at the first. */
  List<ChannelId> ids(@Nullable ChannelId after, int limit) throws SQLException {
    ids.setBytes(1, after == null ? new byte[0] : after.bytes());
    ids.setInt(2, limit);
    List<ChannelId> result = new ArrayList<>();
    try (ResultSet row = ids.executeQuery()) {
      while (row.next()) {
        result.add(ChannelId.of(row.getBytes(1)));
      }
    }
    return result;
  }

  /** Tabs in the order of their ids; null starts at the first. */
  List<Tab> read(@Nullable ChannelId after, int limit) throws SQLException {
    page.setBytes(1, after == null ? new byte[0] : after.bytes());
    page.setInt(2, limit);
    List<Tab> tabs = new ArrayList<>();
    try (ResultSet row = page.executeQuery()) {
      while (row.next()) {
        tabs.add(tab(row));
      }
    }
    return tabs;
  }

  private Tab tab(ResultSet row) throws SQLException {
    Channel channel = channel(row);
    Phase phase = Columns.phase(row.getString("phase"), row.getString("redeem"));
    return new Tab(
        channel,
        phase,
        Columns.amount(row.getString("brought_forward")),
        vouchers(channel.id()),
        bill(channel.id()),
        reservations(channel.id()),
        row.getLong("seen_at"),
        row.getLong("owed_since"));
  }

  private static Channel channel(ResultSet row) throws SQLException {
    return new Channel(
        ChannelId.of(row.getBytes("channel_id")),
        new Escrow(row.getLong("chain_id"), Address.of(row.getBytes("escrow"))),
        Address.of(row.getBytes("payer")),
        Address.of(row.getBytes("payee")),
        Address.of(row.getBytes("token")),
        Address.of(row.getBytes("authorized_signer")),
        Columns.amount(row.getString("deposit")),
        Columns.amount(row.getString("settled")),
        row.getLong("close_requested_at"),
        row.getLong("finalized") == 1);
  }

  private List<Voucher> vouchers(ChannelId channelId) throws SQLException {
    vouchers.setBytes(1, channelId.bytes());
    List<Voucher> result = new ArrayList<>();
    try (ResultSet row = vouchers.executeQuery()) {
      while (row.next()) {
        result.add(
            new Voucher(
                channelId, Columns.amount(row.getString(1)), Signature.of(row.getBytes(2))));
      }
    }
    return result;
  }

  private Bill bill(ChannelId channelId) throws SQLException {
    lines.setBytes(1, channelId.bytes());
    Map<Tariff, Long> result = new HashMap<>();
    try (ResultSet row = lines.executeQuery()) {
      while (row.next()) {
        result.put(Columns.tariff(row.getString(1), row.getString(2)), row.getLong(3));
      }
    }
    return new Bill(result);
  }

  private List<Reservation> reservations(ChannelId channelId) throws SQLException {
    reservations.setBytes(1, channelId.bytes());
    List<Reservation> result = new ArrayList<>();
    try (ResultSet row = reservations.executeQuery()) {
      while (row.next()) {
        result.add(
            new Reservation(
                new StreamId(NodeId.of(row.getBytes(1)), row.getLong(2)),
                Columns.tariff(row.getString(3), row.getString(4)),
                row.getLong(5),
                row.getLong(6)));
      }
    }
    return result;
  }
}
