package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.address;
import static io.tollstream.channels.Samples.channel;
import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.Samples.stream;
import static io.tollstream.channels.Samples.voucher;
import static io.tollstream.channels.ledger.Payments.await;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.Reservation;
import io.tollstream.channels.Samples;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Tab.Phase;
import io.tollstream.channels.ledger.SqliteLedger.Settings;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Bill;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The rows of each version, to the letter: a ledger that exists must stay readable. */
final class GoldenRowsTest {
  private static final List<String> TABLES = List.of("tab", "voucher", "bill_line", "reservation");

  private static final String NODE_ROW =
      "DELETE FROM node; INSERT INTO node VALUES (x'%s', 'a process', 0);"
          .formatted("0d".repeat(16));

  @SuppressWarnings("NullAway.Init")
  @TempDir
  private Path temp;

  @BeforeEach
  void create() {
    SqliteLedger.open(temp, Settings.DEFAULT).close();
  }

  /** The tabs of version 1, when nobody wrote down who had reserved what. */
  private static List<Tab> tabsWithoutReservations() {
    return tabs().stream().map(tab -> tab.recover(Samples.NODE).answer()).toList();
  }

  /** One tab of each phase; the closing one has every column at its widest. */
  private static List<Tab> tabs() {
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
                    1))),
        Tab.of(channel(4, Amount.of(9), Amount.of(3), 0, true)));
  }

  private static String golden() throws IOException {
    return golden("golden-v2.sql");
  }

  private static String golden(String name) throws IOException {
    try (InputStream in = requireNonNull(GoldenRowsTest.class.getResourceAsStream(name))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private Connection connect() throws SQLException {
    return DriverManager.getConnection("jdbc:sqlite:" + temp.resolve("ledger.db"));
  }

  @Test
  void write_knownTabs_givesTheGoldenRows() throws Exception {
    execute(NODE_ROW);
    try (Connection connection = connect()) {
      new TabWriter(connection)
          .write(tabs().stream().map(tab -> new TabChange(null, -1, tab)).toList());
    }
    assertEquals(golden(), dump());
  }

  @Test
  void read_goldenRows_givesTheKnownTabs() throws Exception {
    execute(NODE_ROW + golden());
    try (Connection connection = connect()) {
      assertEquals(tabs(), new TabReader(connection).read(null, 10));
    }
  }

  @Test
  void open_rowsOfVersion1_givesTheKnownTabs() throws Exception {
    Path home = Files.createDirectory(temp.resolve("old"));
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + home.resolve("ledger.db"));
        Statement statement = connection.createStatement()) {
      Schema.migrate(connection, 1);
      statement.executeUpdate(golden("golden-v1.sql"));
    }
    try (Ledger ledger = SqliteLedger.open(home, Settings.DEFAULT)) {
      assertEquals(tabsWithoutReservations(), await(ledger.tabs(null, 10)));
    }
  }

  private String dump() throws SQLException {
    StringBuilder sql = new StringBuilder();
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      for (String table : TABLES) {
        List<String> columns = columns(statement, table);
        String quoted = "quote(" + String.join(") || ', ' || quote(", columns) + ")";
        try (ResultSet row =
            statement.executeQuery("SELECT " + quoted + " FROM " + table + " ORDER BY 1")) {
          while (row.next()) {
            sql.append("INSERT INTO %s (%s)\n".formatted(table, String.join(", ", columns)))
                .append("VALUES (%s);\n".formatted(row.getString(1)));
          }
        }
      }
    }
    return sql.toString();
  }

  private static List<String> columns(Statement statement, String table) throws SQLException {
    List<String> columns = new ArrayList<>();
    try (ResultSet row = statement.executeQuery("PRAGMA table_info(" + table + ")")) {
      while (row.next()) {
        columns.add(requireNonNull(row.getString("name")));
      }
    }
    return Collections.unmodifiableList(columns);
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.executeUpdate("PRAGMA foreign_keys = 1;" + sql);
    }
  }

  /** Whatever program writes: the invariants hold in the file itself. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "UPDATE tab SET settled = '000000000000000000000000000000005000001' WHERE phase = 'open'",
        "UPDATE tab SET deposit = '5000000' WHERE phase = 'open'",
        "UPDATE tab SET deposit = '00000000000000000000000000000000500000x' WHERE phase = 'open'",
        "UPDATE tab SET deposit = '999999999999999999999999999999999999999'",
        "UPDATE tab SET channel_id = x'01' WHERE phase = 'closed'",
        "UPDATE tab SET payer = x'01'",
        "UPDATE tab SET phase = 'paused'",
        "UPDATE tab SET phase = 'closing' WHERE phase = 'open'",
        "UPDATE tab SET redeem = NULL WHERE phase = 'closing'",
        "UPDATE tab SET finalized = 1 WHERE phase = 'open'",
        "UPDATE tab SET finalized = 2",
        "UPDATE tab SET close_requested_at = 1 WHERE phase = 'open'",
        "UPDATE tab SET close_requested_at = 0 WHERE phase = 'disputed'",
        "UPDATE tab SET close_requested_at = -1",
        "UPDATE tab SET chain_id = 0",
        "UPDATE voucher SET signature = x'00'",
        "UPDATE voucher SET cumulative = '1'",
        "UPDATE voucher SET channel_id = zeroblob(32)",
        "INSERT INTO voucher SELECT * FROM voucher",
        "UPDATE bill_line SET quanta = 0",
        "UPDATE bill_line SET unit = 'furlong'",
        "UPDATE bill_line SET price = '000000000000000000000000000000000000000'",
        "DELETE FROM tab WHERE phase = 'closing'",
        "UPDATE tab SET revision = -1",
        "UPDATE reservation SET used = granted + 1 WHERE number = 1",
        "UPDATE reservation SET used = -1",
        "UPDATE reservation SET number = 0 WHERE number = 1",
        "UPDATE reservation SET node_id = zeroblob(16)",
        "UPDATE reservation SET unit = 'furlong'",
        "UPDATE reservation SET channel_id = zeroblob(32)",
        "DELETE FROM node"
      })
  void schema_invariantBroken_refuses(String sql) throws Exception {
    execute(NODE_ROW + golden());
    SQLException refused = assertThrows(SQLException.class, () -> execute(sql));
    assertEquals(19, refused.getErrorCode() & 0xff, refused::getMessage);
  }
}
