package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.address;
import static io.tollstream.channels.Samples.channel;
import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.Samples.stream;
import static io.tollstream.channels.Samples.voucher;
import static java.util.Objects.requireNonNull;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.Reservation;
import io.tollstream.channels.Samples;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Tab.Phase;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Bill;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Tabs and the rows that stand for them, in SQL that every engine reads with its own bytes. */
final class Golden {
  static final List<String> TABLES = List.of("tab", "voucher", "bill_line", "reservation");

  static final String NODE_ROW =
      "INSERT INTO node VALUES (X'%s', 'a process', 0, 0);".formatted("0D".repeat(16));

  private Golden() {}

  /** The tabs of versions 1 and 2 once opened: nothing is reserved, and no time is known. */
  static List<Tab> tabsOfVersion1() {
    return tabs().stream()
        .map(tab -> tab.recover(Samples.NODE).answer())
        .map(
            tab ->
                new Tab(
                    tab.channel(),
                    tab.phase(),
                    tab.broughtForward(),
                    tab.vouchers(),
                    tab.bill(),
                    tab.reservations(),
                    0,
                    0))
        .toList();
  }

  /** One tab of each phase; the closing one has every column at its widest. */
  static List<Tab> tabs() {
    Channel full =
        new Channel(
            id(3),
            Samples.ESCROW,
            address(0x11),
            address(0x22),
            Address.ZERO,
            address(0x33),
            Amount.MAX,
            Amount.of(1_000_000),
            1_767_225_600,
            false);
    return List.of(
        Tab.of(channel(1, 5_000_000)),
        Tab.of(channel(2, Amount.of(7), Amount.of(7), 1_767_225_600, false)),
        new Tab(
            full,
            new Phase.Closing(Amount.MAX),
            Amount.of(999_999),
            List.of(voucher(3, 0), voucher(3, 1_000_000), voucher(3, Amount.MAX)),
            new Bill(
                Map.of(
                    new Tariff(Amount.of(250), TariffUnit.MIB), 123_456_789L,
                    new Tariff(Amount.MAX, TariffUnit.TIB), 1L,
                    new Tariff(Amount.of(1), TariffUnit.SECOND), Long.MAX_VALUE)),
            List.of(
                new Reservation(
                    stream(1), new Tariff(Amount.of(250), TariffUnit.MIB), 123_456_789, 23_456_789),
                new Reservation(stream(2), new Tariff(Amount.of(9), TariffUnit.KIB), 0, 0),
                new Reservation(
                    stream(Long.MAX_VALUE),
                    new Tariff(Amount.of(1), TariffUnit.SECOND),
                    Long.MAX_VALUE,
                    1)),
            1_767_225_660,
            1_767_225_600),
        Tab.of(channel(4, Amount.of(9), Amount.of(3), 0, true)));
  }

  /** What version 3 has added. */
  static String notes() throws IOException {
    return golden("golden-v3.sql");
  }

  static String rows() throws IOException {
    return golden("golden-v4.sql");
  }

  static String rowsOfVersion2() throws IOException {
    return golden("golden-v2.sql");
  }

  static String rowsOfVersion1() throws IOException {
    return golden("golden-v1.sql");
  }

  private static String golden(String name) throws IOException {
    try (InputStream in = requireNonNull(Golden.class.getResourceAsStream(name))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** What breaks an invariant, whatever program does it. */
  static List<String> breaches() {
    return List.of(
        "UPDATE tab SET settled = '000000000000000000000000000000005000001' WHERE phase = 'open'",
        "UPDATE tab SET deposit = '5000000' WHERE phase = 'open'",
        "UPDATE tab SET deposit = '00000000000000000000000000000000500000x' WHERE phase = 'open'",
        "UPDATE tab SET deposit = '999999999999999999999999999999999999999'",
        "UPDATE tab SET channel_id = X'01' WHERE phase = 'closed'",
        "UPDATE tab SET payer = X'01'",
        "UPDATE tab SET phase = 'paused'",
        "UPDATE tab SET phase = 'closing' WHERE phase = 'open'",
        "UPDATE tab SET redeem = NULL WHERE phase = 'closing'",
        "UPDATE tab SET finalized = 1 WHERE phase = 'open'",
        "UPDATE tab SET finalized = 2",
        "UPDATE tab SET close_requested_at = 1 WHERE phase = 'open'",
        "UPDATE tab SET close_requested_at = 0 WHERE phase = 'disputed'",
        "UPDATE tab SET close_requested_at = -1",
        "UPDATE tab SET chain_id = 0",
        "UPDATE voucher SET signature = X'00'",
        "UPDATE voucher SET cumulative = '1'",
        "UPDATE voucher SET channel_id = X'%s'".formatted("00".repeat(32)),
        "INSERT INTO voucher SELECT * FROM voucher",
        "UPDATE bill_line SET quanta = 0",
        "UPDATE bill_line SET unit = 'furlong'",
        "UPDATE bill_line SET price = '000000000000000000000000000000000000000'",
        "DELETE FROM tab WHERE phase = 'closing'",
        "UPDATE tab SET revision = -1",
        "UPDATE tab SET seen_at = -1",
        "UPDATE tab SET owed_since = -1",
        "UPDATE reservation SET used = granted + 1 WHERE number = 1",
        "UPDATE reservation SET used = -1",
        "UPDATE reservation SET number = 0 WHERE number = 1",
        "UPDATE reservation SET node_id = X'%s'".formatted("00".repeat(16)),
        "UPDATE reservation SET unit = 'furlong'",
        "UPDATE reservation SET channel_id = X'%s'".formatted("00".repeat(32)),
        "INSERT INTO note VALUES ('', 'x')",
        "INSERT INTO note VALUES ('%s', 'x')".formatted("n".repeat(201)),
        "INSERT INTO note VALUES ('n', NULL)",
        "INSERT INTO note VALUES ('n', '%s')".formatted("v".repeat(131_073)),
        "DELETE FROM node");
  }
}
