package io.tollstream.channels.ledger;

import io.tollstream.channels.Notes;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Reads and writes notes, without committing, on a connection that it does not own. */
final class SqliteNotes {
  private final PreparedStatement insert;
  private final PreparedStatement update;
  private final PreparedStatement delete;
  private final PreparedStatement list;

  SqliteNotes(Connection connection) throws SQLException {
    insert =
        connection.prepareStatement(
            "INSERT INTO note (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING");
    update = connection.prepareStatement("UPDATE note SET value = ? WHERE name = ? AND value = ?");
    delete = connection.prepareStatement("DELETE FROM note WHERE name = ? AND value = ?");
    list =
        connection.prepareStatement(
            """
            SELECT name, value FROM note WHERE substr(name, 1, length(?1)) = ?1
            ORDER BY name LIMIT ?2
            """);
  }

  /** How many notes were changed: one, or none where it is not as expected. */
  int swap(String name, @Nullable String expected, @Nullable String next) throws SQLException {
    if (expected == null) {
      return run(insert, name, String.valueOf(next));
    }
    return next == null ? run(delete, name, expected) : run(update, next, name, expected);
  }

  private static int run(PreparedStatement statement, String... parameters) throws SQLException {
    for (int i = 0; i < parameters.length; i++) {
      statement.setString(i + 1, parameters[i]);
    }
    return statement.executeUpdate();
  }

  SortedMap<String, String> list(String prefix) throws SQLException {
    list.setString(1, prefix);
    list.setInt(2, Notes.MAX_LISTED);
    SortedMap<String, String> listed = new TreeMap<>();
    try (ResultSet row = list.executeQuery()) {
      while (row.next()) {
        listed.put(row.getString(1), row.getString(2));
      }
    }
    return listed;
  }
}
