package io.tollstream.channels.ledger;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.NodeId;
import io.tollstream.channels.Reservation;
import io.tollstream.channels.Signature;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Bill;
import io.tollstream.metering.Tariff;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The statements that read tabs: each tab with all that belongs to it in one row, and all rows by
 * one statement, so that they come from one snapshot.
 */
final class PostgresRead {
  /** Takes a table t of tabs; aggregates without groups give a row, of nulls, for no rows. */
  private static final String WHOLE =
      """
      SELECT t.*, v.*, l.*, r.*
      FROM t
        CROSS JOIN LATERAL (
          SELECT array_agg(cumulative ORDER BY cumulative) AS cumulatives,
            array_agg(signature ORDER BY cumulative) AS signatures
          FROM voucher WHERE voucher.channel_id = t.channel_id) v
        CROSS JOIN LATERAL (
          SELECT array_agg(price) AS prices, array_agg(unit) AS units, array_agg(quanta) AS quanta
          FROM bill_line WHERE bill_line.channel_id = t.channel_id) l
        CROSS JOIN LATERAL (
          SELECT array_agg(node_id ORDER BY node_id, number) AS nodes,
            array_agg(number ORDER BY node_id, number) AS numbers,
            array_agg(price ORDER BY node_id, number) AS held_prices,
            array_agg(unit ORDER BY node_id, number) AS held_units,
            array_agg(granted ORDER BY node_id, number) AS granted,
            array_agg(used ORDER BY node_id, number) AS used
          FROM reservation WHERE reservation.channel_id = t.channel_id) r
      """;

  /** The tabs of the channels in $1. */
  static final String TABS =
      """
      WITH t AS (
        SELECT tab.* FROM unnest($1::BYTEA[]) AS wanted (channel_id) JOIN tab USING (channel_id)
      )
      """
          + WHOLE;

  /** The $2 tabs that follow $1 in the order of their ids. */
  static final String PAGE =
      """
      WITH t AS (SELECT * FROM tab WHERE channel_id > $1 ORDER BY channel_id LIMIT $2)
      """
          + WHOLE
          + "ORDER BY t.channel_id";

  /** Of the channels in $1 those whose tabs do not have the revisions in $2. */
  static final String CHECK =
      """
      SELECT e.channel_id
      FROM unnest($1::BYTEA[], $2::BIGINT[]) AS e (channel_id, revision)
        LEFT JOIN tab ON tab.channel_id = e.channel_id
      WHERE coalesce(tab.revision, -1) <> e.revision
      """;

  private PostgresRead() {}

  static Buffer[] ids(Collection<ChannelId> channelIds) {
    return channelIds.stream().map(id -> Buffer.buffer(id.bytes())).toArray(Buffer[]::new);
  }

  static ColumnArrays revisions(Map<ChannelId, Long> reads) {
    ColumnArrays rows = new ColumnArrays(Buffer.class, Long.class);
    reads.forEach((id, revision) -> rows.add(Buffer.buffer(id.bytes()), revision));
    return rows;
  }

  static ChannelId id(Row row) {
    return ChannelId.of(bytes(row, "channel_id"));
  }

  private static byte[] bytes(Row row, String column) {
    return row.getBuffer(column).getBytes();
  }

  static StoredTab stored(Row row) {
    try {
      return StoredTab.of(tab(row), row.getLong("revision"));
    } catch (IllegalArgumentException e) {
      return StoredTab.unreadable(
          new LedgerUnavailable("the ledger's rows of " + id(row) + " make no tab", e));
    }
  }

  /**
   * A tab.
   *
   * @throws IllegalArgumentException if its rows make no valid one
   */
  static Tab tab(Row row) {
    ChannelId id = id(row);
    return new Tab(
        channel(row, id),
        Columns.phase(row.getString("phase"), row.getString("redeem")),
        Columns.amount(row.getString("brought_forward")),
        vouchers(row, id),
        bill(row),
        reservations(row),
        row.getLong("seen_at"),
        row.getLong("owed_since"));
  }

  private static Channel channel(Row row, ChannelId id) {
    return new Channel(
        id,
        new Escrow(row.getLong("chain_id"), Address.of(bytes(row, "escrow"))),
        Address.of(bytes(row, "payer")),
        Address.of(bytes(row, "payee")),
        Address.of(bytes(row, "token")),
        Address.of(bytes(row, "authorized_signer")),
        Columns.amount(row.getString("deposit")),
        Columns.amount(row.getString("settled")),
        row.getLong("close_requested_at"),
        row.getLong("finalized") == 1);
  }

  private static List<Voucher> vouchers(Row row, ChannelId id) {
    String[] cumulatives = row.getArrayOfStrings("cumulatives");
    if (cumulatives == null) {
      return List.of();
    }
    Buffer[] signatures = row.getArrayOfBuffers("signatures");
    List<Voucher> vouchers = new ArrayList<>(cumulatives.length);
    for (int i = 0; i < cumulatives.length; i++) {
      vouchers.add(
          new Voucher(id, Columns.amount(cumulatives[i]), Signature.of(signatures[i].getBytes())));
    }
    return vouchers;
  }

  private static Bill bill(Row row) {
    String[] prices = row.getArrayOfStrings("prices");
    if (prices == null) {
      return Bill.EMPTY;
    }
    String[] units = row.getArrayOfStrings("units");
    Long[] quanta = row.getArrayOfLongs("quanta");
    Map<Tariff, Long> lines = new HashMap<>();
    for (int i = 0; i < prices.length; i++) {
      lines.put(Columns.tariff(prices[i], units[i]), quanta[i]);
    }
    return new Bill(lines);
  }

  private static List<Reservation> reservations(Row row) {
    Buffer[] nodes = row.getArrayOfBuffers("nodes");
    if (nodes == null) {
      return List.of();
    }
    Long[] numbers = row.getArrayOfLongs("numbers");
    String[] prices = row.getArrayOfStrings("held_prices");
    String[] units = row.getArrayOfStrings("held_units");
    Long[] granted = row.getArrayOfLongs("granted");
    Long[] used = row.getArrayOfLongs("used");
    List<Reservation> reservations = new ArrayList<>(nodes.length);
    for (int i = 0; i < nodes.length; i++) {
      StreamId stream = new StreamId(NodeId.of(nodes[i].getBytes()), numbers[i]);
      Tariff tariff = Columns.tariff(prices[i], units[i]);
      reservations.add(new Reservation(stream, tariff, granted[i], used[i]));
    }
    return reservations;
  }
}
