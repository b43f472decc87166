package io.tollstream.channels.ledger;

import io.tollstream.channels.ledger.PostgresLedger.Settings;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Gateways' ledgers on one database of a test, each opened as it is set by then. */
final class Nodes {
  private final Postgres postgres;
  private final String database;
  private int port;
  private int lanes = 1;
  private Duration lease = Duration.ofSeconds(15);
  private Duration timeout = Duration.ofSeconds(10);
  private PostgresServer.Tls tls = PostgresServer.Tls.OFF;
  private @Nullable Path authorities;

  Nodes(Postgres postgres) {
    this(postgres, postgres.database());
  }

  Nodes(Postgres postgres, String database) {
    this.postgres = postgres;
    this.database = database;
    this.port = postgres.port();
  }

  /** Through a wire from now on. */
  Nodes through(Wire wire) {
    port = wire.port();
    return this;
  }

  Nodes lanes(int count) {
    lanes = count;
    return this;
  }

  Nodes lease(Duration length) {
    lease = length;
    return this;
  }

  Nodes timeout(Duration limit) {
    timeout = limit;
    return this;
  }

  Nodes tls(PostgresServer.Tls mode, @Nullable Path file) {
    tls = mode;
    authorities = file;
    return this;
  }

  PostgresServer server() {
    return new PostgresServer(
        "127.0.0.1", port, database, Postgres.USER, Postgres.PASSWORD, "ledger", tls, authorities);
  }

  Settings settings() {
    Duration limit = timeout.compareTo(lease) < 0 ? timeout : lease;
    return new Settings(server(), 16_384, 1_024, 64, lanes, lease, limit, limit);
  }

  PostgresLedger open() {
    return PostgresLedger.open(settings());
  }

  /** A number from the ledger's tables. */
  long number(String sql) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      return row.next() ? row.getLong(1) : -1;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  void execute(String sql) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A connection to the ledger's tables, beside those of the nodes. */
  Connection connect() throws SQLException {
    Connection connection = postgres.connect(database);
    connection.setSchema("ledger");
    return connection;
  }

  String database() {
    return database;
  }

  Postgres postgres() {
    return postgres;
  }
}
