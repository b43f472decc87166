package io.tollstream.channels.ledger;

import io.tollstream.channels.LedgerUnavailable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/**
 * The tables and their versions. The scripts are every engine's; {@code PRAGMA user_version} counts
 * those that a SQLite file has been through.
 */
final class Schema {
  /** Once released, a script never changes: what follows goes into another. */
  private static final List<String> SCRIPTS =
      List.of("V1__tabs.sql", "V2__reservations.sql", "V3__notes.sql", "V4__times.sql");

  private Schema() {}

  /** Brings an older file, or an empty one, up to this version; refuses a newer one. */
  static void migrate(Connection connection) throws SQLException {
    int version = version(connection);
    if (version > SCRIPTS.size()) {
      throw new LedgerUnavailable(
          "it was written by a newer Tollstream: its schema is version %d, this one knows up to %d"
              .formatted(version, SCRIPTS.size()));
    }
    migrate(connection, SCRIPTS.size());
  }

  /** Brings a file up to a version, this one's or, for tests, an older one. */
  static void migrate(Connection connection, int target) throws SQLException {
    for (int done = version(connection); done < target; done++) {
      apply(connection, SCRIPTS.get(done), done + 1);
    }
  }

  /**
   * Refuses a file of another version, for whoever may only look.
   *
   * @throws LedgerUnavailable if it is older or newer than this
   */
  static void requireCurrent(Connection connection) throws SQLException {
    int version = version(connection);
    if (version != SCRIPTS.size()) {
      throw new LedgerUnavailable(
          "its schema is version %d, this Tollstream's %d: start the gateway on it once"
              .formatted(version, SCRIPTS.size()));
    }
  }

  private static int version(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("PRAGMA user_version")) {
      return row.getInt(1);
    }
  }

  /** The script and its number become durable together. */
  private static void apply(Connection connection, String script, int version) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.executeUpdate(
          "BEGIN IMMEDIATE;\n" + sql(script) + "\nPRAGMA user_version = " + version + ";\nCOMMIT;");
    }
  }

  private static String sql(String script) {
    try (InputStream in = Schema.class.getResourceAsStream("schema/" + script)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks schema/" + script);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .replace("${bytes}", "BLOB")
          .replace("${long}", "INTEGER")
          .replace("${table}", "STRICT, WITHOUT ROWID");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
