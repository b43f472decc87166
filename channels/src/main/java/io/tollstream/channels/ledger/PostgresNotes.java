package io.tollstream.channels.ledger;

import io.tollstream.channels.Notes;
import io.vertx.sqlclient.Row;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Notes, each statement a commit of its own. Where another transaction holds the note, READ
 * COMMITTED waits and looks at the condition again on what it has become (PostgreSQL 13.2.1): of
 * two who expect the same, one succeeds.
 */
final class PostgresNotes {
  private static final String INSERT =
      "INSERT INTO note (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
  private static final String UPDATE = "UPDATE note SET value = $3 WHERE name = $1 AND value = $2";
  private static final String DELETE = "DELETE FROM note WHERE name = $1 AND value = $2";

  /** In the order of their bytes, whatever language the database sorts in. */
  private static final String LIST =
      """
      SELECT name, value FROM note WHERE substr(name, 1, length($1)) = $1
      ORDER BY name COLLATE "C" LIMIT $2
      """;

  private PostgresNotes() {}

  static boolean swap(
      PostgresConnection connection,
      String name,
      @Nullable String expected,
      @Nullable String next) {
    if (expected == null) {
      return connection.ask(INSERT, name, String.valueOf(next)).rowCount() > 0;
    }
    return next == null
        ? connection.ask(DELETE, name, expected).rowCount() > 0
        : connection.ask(UPDATE, name, expected, next).rowCount() > 0;
  }

  static SortedMap<String, String> list(PostgresConnection connection, String prefix) {
    SortedMap<String, String> listed = new TreeMap<>();
    for (Row row : connection.ask(LIST, prefix, Notes.MAX_LISTED)) {
      listed.put(row.getString(0), row.getString(1));
    }
    return listed;
  }
}
