package io.tollstream.channels.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What the tests of the ledger rest on: a server that dies for real, a wire that is cut for real.
 */
@Timeout(120)
final class PostgresTest {
  private static String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      assertTrue(row.next());
      return row.getString(1);
    }
  }

  @Test
  void kill_committedAndUncommittedRows_onlyTheCommittedOneIsLeft() throws SQLException {
    try (Postgres server = Postgres.start();
        Connection before = server.connect("postgres");
        Statement statement = before.createStatement()) {
      assertEquals("on", ask(before, "SHOW fsync"));
      statement.execute("CREATE TABLE kept AS SELECT 1 AS row");
      before.setAutoCommit(false);
      statement.execute("INSERT INTO kept VALUES (2)");
      server.kill();
      assertThrows(SQLException.class, before::commit);
      server.up();
      try (Connection after = server.connect("postgres")) {
        assertEquals("1", ask(after, "SELECT string_agg(row::text, ',') FROM kept"));
      }
    }
  }

  @Test
  void holdAnswers_thenCut_leavesTheStatementDoneAndItsClientInTheDark() throws Exception {
    Postgres server = Postgres.shared();
    String database = server.database();
    server.execute(database, "CREATE TABLE done (row INT)");
    ExecutorService client = Executors.newSingleThreadExecutor();
    try (Wire wire = Wire.to(server.port());
        Connection watched = connect(wire, database);
        Statement statement = watched.createStatement()) {
      wire.holdAnswers();
      Future<?> answer =
          client.submit(() -> statement.executeUpdate("INSERT INTO done VALUES (1)"));
      wire.awaitHeldAnswer();
      wire.cut();
      assertThrows(Exception.class, () -> answer.get(30, TimeUnit.SECONDS));
      try (Connection other = server.connect(database)) {
        assertEquals("1", ask(other, "SELECT count(*) FROM done"));
      }
      assertThrows(SQLException.class, () -> connect(wire, database));
      wire.release();
      connect(wire, database).close();
    } finally {
      client.shutdownNow();
    }
  }

  private static Connection connect(Wire wire, String database) throws SQLException {
    return DriverManager.getConnection(
        "jdbc:postgresql://127.0.0.1:" + wire.port() + "/" + database,
        Postgres.USER,
        Postgres.PASSWORD);
  }
}
