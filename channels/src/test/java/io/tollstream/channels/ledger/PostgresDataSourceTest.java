package io.tollstream.channels.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What migrations and archives connect with. */
@Timeout(60)
final class PostgresDataSourceTest {
  private final Nodes nodes = new Nodes(Postgres.shared());

  private Connection connect() throws SQLException {
    return nodes.server().dataSource(Duration.ofSeconds(3)).getConnection();
  }

  @Test
  void error_thatQuotesARow_isToldWithoutTheRow() throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TEMPORARY TABLE kept (signature TEXT PRIMARY KEY)");
      String insert = "INSERT INTO kept VALUES ('worth ' || 'money')";
      statement.execute(insert);
      SQLException twice = assertThrows(SQLException.class, () -> statement.execute(insert));
      assertTrue(String.valueOf(twice.getMessage()).contains("duplicate key"));
      assertFalse(String.valueOf(twice.getMessage()).contains("worth money"));
    }
  }

  @Test
  void server_thatSaysNothing_isGivenUpAfterHalfAMinute() throws SQLException {
    try (Connection connection = connect()) {
      assertEquals(30_000, connection.getNetworkTimeout());
    }
  }
}
