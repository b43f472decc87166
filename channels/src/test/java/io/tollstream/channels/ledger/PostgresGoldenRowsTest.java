package io.tollstream.channels.ledger;

import static io.tollstream.channels.ledger.Payments.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tollstream.channels.Ledger;
import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.Tab;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The same rows as in a file: what is stored does not depend on the engine. */
final class PostgresGoldenRowsTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  /** What PostgreSQL answers where a CHECK, a key or a reference is broken. */
  private static final String INTEGRITY = "23";

  /** A database that tests of the schema share: none of them changes anything. */
  private static final Nodes SCHEMA = new Nodes(Postgres.shared());

  @BeforeAll
  static void fill() throws Exception {
    PostgresSchema.migrate(SCHEMA.server(), LIMIT);
    execute(SCHEMA, Golden.NODE_ROW + Golden.rows());
  }

  /** The rows are SQLite's words: X'0d' is a byte string there, and a bit string here. */
  private static void execute(Nodes database, String sql) throws SQLException {
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql.replaceAll("X'([0-9A-F]*)'", "'\\\\x$1'"));
    }
  }

  @Test
  void write_knownTabs_givesTheGoldenRows() throws Exception {
    Nodes nodes = new Nodes(Postgres.shared());
    PostgresSchema.migrate(nodes.server(), LIMIT);
    execute(nodes, Golden.NODE_ROW + "UPDATE node SET lease_until_millis = 9e15");
    try (Ledger ledger = nodes.open()) {
      for (Tab tab : Golden.tabs()) {
        await(ledger.apply(tab.id(), before -> new Step<>(tab, tab)));
      }
      assertEquals(Golden.tabs(), await(ledger.tabs(null, 10)));
      assertEquals(Golden.rows(), dump(nodes));
    }
  }

  @Test
  void read_goldenRows_givesTheKnownTabs() throws Exception {
    Nodes nodes = new Nodes(Postgres.shared());
    PostgresSchema.migrate(nodes.server(), LIMIT);
    execute(nodes, Golden.NODE_ROW + Golden.rows());
    execute(nodes, "UPDATE node SET lease_until_millis = 9e15");
    try (Ledger ledger = nodes.open()) {
      assertEquals(Golden.tabs(), await(ledger.tabs(null, 10)));
    }
  }

  @Test
  void open_rowsOfVersion1_givesTheKnownTabs() throws Exception {
    Nodes nodes = new Nodes(Postgres.shared());
    PostgresSchema.migrate(nodes.server(), LIMIT, 1);
    execute(nodes, Golden.rowsOfVersion1());
    try (Ledger ledger = nodes.open()) {
      assertEquals(Golden.tabsOfVersion1(), await(ledger.tabs(null, 10)));
    }
  }

  @ParameterizedTest
  @MethodSource("io.tollstream.channels.ledger.Golden#breaches")
  void schema_invariantBroken_refuses(String sql) {
    SQLException refused = assertThrows(SQLException.class, () -> execute(SCHEMA, sql));
    assertEquals(INTEGRITY, refused.getSQLState().substring(0, 2), refused::getMessage);
  }

  private String dump(Nodes nodes) throws SQLException {
    StringBuilder sql = new StringBuilder();
    try (Connection connection = nodes.connect();
        Statement statement = connection.createStatement()) {
      for (String table : Golden.TABLES) {
        try (ResultSet row = statement.executeQuery("SELECT * FROM " + table)) {
          rows(row).stream()
              .sorted()
              .map(values -> "INSERT INTO " + table + " " + values)
              .forEach(sql::append);
        }
      }
    }
    return sql.toString();
  }

  private static List<String> rows(ResultSet row) throws SQLException {
    ResultSetMetaData columns = row.getMetaData();
    List<String> names = new ArrayList<>();
    for (int i = 1; i <= columns.getColumnCount(); i++) {
      names.add(columns.getColumnName(i));
    }
    List<String> rows = new ArrayList<>();
    while (row.next()) {
      List<String> values = new ArrayList<>();
      for (int i = 1; i <= names.size(); i++) {
        values.add(literal(row, i));
      }
      rows.add(
          "(%s)\nVALUES (%s);\n".formatted(String.join(", ", names), String.join(", ", values)));
    }
    return rows;
  }

  private static String literal(ResultSet row, int column) throws SQLException {
    String text = row.getString(column);
    return switch (row.getMetaData().getColumnTypeName(column)) {
      case "bytea" -> "X'" + text.substring(2).toUpperCase(Locale.ROOT) + "'";
      case "text" -> text == null ? "NULL" : "'" + text + "'";
      default -> text;
    };
  }
}
