package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Tab;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteConfig.JournalMode;
import org.sqlite.SQLiteConfig.SynchronousMode;

/**
 * A database file and how it is opened: WAL, so that readers and the writer do not wait for each
 * other, and synchronous=FULL, so that every commit ends with an fsync of the log
 * (sqlite.org/wal.html, sqlite.org/pragma.html).
 *
 * @param path the file; SQLite keeps {@code -wal} and {@code -shm} beside it
 * @param writerPragmas more pragmas for each new connection of the writer
 */
record SqliteFile(Path path, Supplier<String> writerPragmas) {
  /** SQLite takes a negative cache size for KiB. */
  private static final int CACHE_KIB = 64 * 1024;

  /** Of a log that starts over, this much stays: rewriting a file is quicker than growing it. */
  private static final String KEPT_LOG_BYTES = String.valueOf(64 << 20);

  private static final int BUSY_MILLIS = 1_000;

  /** The one connection that writes; there must be no other. */
  Connection writer() throws SQLException {
    SqliteLog.settle(path);
    SQLiteConfig config = config();
    config.setCacheSize(-CACHE_KIB);
    config.setJournalMode(JournalMode.WAL);
    config.setSynchronous(SynchronousMode.FULL);
    config.enableFullSync(true);
    config.enforceForeignKeys(true);
    config.setPragma(SQLiteConfig.Pragma.JOURNAL_SIZE_LIMIT, KEPT_LOG_BYTES);
    Connection connection = connect(config);
    try (Statement statement = connection.createStatement()) {
      statement.executeUpdate("PRAGMA wal_autocheckpoint = 0;" + writerPragmas.get());
      return connection;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  /** A connection beside the writer's, to write the log back to the file. */
  Connection checkpointer() throws SQLException {
    return connect(config());
  }

  Connection reader() throws SQLException {
    SQLiteConfig config = config();
    config.setReadOnly(true);
    return connect(config);
  }

  /** Listings are rare: a connection for each leaves nothing behind to go stale. */
  List<Tab> page(@Nullable ChannelId after, int limit) throws SQLException {
    try (Connection connection = reader()) {
      connection.setAutoCommit(false);
      return new TabReader(connection).read(after, limit);
    }
  }

  private static SQLiteConfig config() {
    SQLiteConfig config = new SQLiteConfig();
    config.setGetGeneratedKeys(false);
    config.setBusyTimeout(BUSY_MILLIS);
    return config;
  }

  /** The file as it is, for whoever only looks; the writer's settings do not matter there. */
  static SqliteFile at(Path path) {
    return new SqliteFile(path, () -> "");
  }

  private Connection connect(SQLiteConfig config) throws SQLException {
    return config.createConnection("jdbc:sqlite:" + path);
  }
}
