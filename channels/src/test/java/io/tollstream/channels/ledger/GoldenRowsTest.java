package io.tollstream.channels.ledger;

import static io.tollstream.channels.ledger.Payments.await;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Ledger;
import io.tollstream.channels.ledger.SqliteLedger.Settings;
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
import org.junit.jupiter.params.provider.MethodSource;

/** The rows of each version, to the letter: a ledger that exists must stay readable. */
final class GoldenRowsTest {
  private static final String NOTE = "tx/314/0x" + "aa".repeat(20) + "/00000000000000000007";

  @SuppressWarnings("NullAway.Init")
  @TempDir
  private Path temp;

  @BeforeEach
  void create() {
    SqliteLedger.open(temp, Settings.DEFAULT).close();
  }

  private Connection connect() throws SQLException {
    return DriverManager.getConnection("jdbc:sqlite:" + temp.resolve("ledger.db"));
  }

  @Test
  void write_knownTabs_givesTheGoldenRows() throws Exception {
    execute("DELETE FROM node;" + Golden.NODE_ROW);
    try (Connection connection = connect()) {
      new TabWriter(connection)
          .write(Golden.tabs().stream().map(tab -> new TabChange(null, -1, tab)).toList());
    }
    assertEquals(Golden.rows(), dump());
  }

  @Test
  void read_goldenRows_givesTheKnownTabs() throws Exception {
    execute("DELETE FROM node;" + Golden.NODE_ROW + Golden.rows());
    try (Connection connection = connect()) {
      assertEquals(Golden.tabs(), new TabReader(connection).read(null, 10));
    }
  }

  @Test
  void open_rowsOfVersion1_givesTheKnownTabs() throws Exception {
    Path home = Files.createDirectory(temp.resolve("old"));
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + home.resolve("ledger.db"));
        Statement statement = connection.createStatement()) {
      Schema.migrate(connection, 1);
      statement.executeUpdate(Golden.rowsOfVersion1());
    }
    try (Ledger ledger = SqliteLedger.open(home, Settings.DEFAULT)) {
      assertEquals(Golden.tabsOfVersion1(), await(ledger.tabs(null, 10)));
    }
  }

  @Test
  void open_rowsOfVersion2_keepsThemAndTakesNotes() throws Exception {
    Path home = Files.createDirectory(temp.resolve("old"));
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + home.resolve("ledger.db"));
        Statement statement = connection.createStatement()) {
      Schema.migrate(connection, 2);
      statement.executeUpdate(Golden.NODE_ROW + Golden.rowsOfVersion2());
    }
    try (Ledger ledger = SqliteLedger.open(home, Settings.DEFAULT)) {
      assertEquals(Golden.tabsOfVersion1(), await(ledger.tabs(null, 10)));
      assertTrue(await(ledger.notes().swap("a", null, "b")));
    }
  }

  @Test
  void swap_knownNote_givesTheGoldenRow() throws Exception {
    try (Ledger ledger = SqliteLedger.open(temp, Settings.DEFAULT)) {
      assertTrue(await(ledger.notes().swap(NOTE, null, "{\"purpose\":\"close\"}")));
    }
    assertEquals(Golden.notes(), dump(List.of("note")));
  }

  @Test
  void list_goldenRow_givesTheKnownNote() throws Exception {
    execute(Golden.notes());
    try (Ledger ledger = SqliteLedger.open(temp, Settings.DEFAULT)) {
      assertEquals(Map.of(NOTE, "{\"purpose\":\"close\"}"), await(ledger.notes().list("tx/314/")));
    }
  }

  private String dump() throws SQLException {
    return dump(Golden.TABLES);
  }

  private String dump(List<String> tables) throws SQLException {
    StringBuilder sql = new StringBuilder();
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      for (String table : tables) {
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
  @MethodSource("io.tollstream.channels.ledger.Golden#breaches")
  void schema_invariantBroken_refuses(String sql) throws Exception {
    execute("DELETE FROM node;" + Golden.NODE_ROW + Golden.rows());
    SQLException refused = assertThrows(SQLException.class, () -> execute(sql));
    assertEquals(19, refused.getErrorCode() & 0xff, refused::getMessage);
  }
}
