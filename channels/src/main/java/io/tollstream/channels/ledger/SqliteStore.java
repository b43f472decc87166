package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.Tab;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteErrorCode;

/**
 * Tabs in a SQLite file. Any failure throws the connection away: the next call opens another and
 * sees what is on disk, so that it does not matter in what state the failure left the old one.
 */
final class SqliteStore implements TabStore {
  /**
   * Groups in the log after which an idle moment is used to write them back, and after which any
   * is.
   */
  private static final int IDLE_CHECKPOINT_ROWS = 2_000;

  private static final int FORCED_CHECKPOINT_ROWS = 200_000;

  /** A connection with what is prepared on it. */
  private record Session(Connection connection, TabReader reader, TabWriter writer) {}

  private final SqliteFile file;
  private @Nullable Session session;
  private int rowsInLog;

  SqliteStore(SqliteFile file) {
    this.file = file;
  }

  /** Opens the file now, to fail early. */
  void open() throws SQLException {
    session();
  }

  private Session session() throws SQLException {
    Session open = session;
    if (open != null) {
      return open;
    }
    Connection connection = file.writer();
    try {
      Schema.migrate(connection);
      connection.setAutoCommit(false);
      Session fresh = new Session(connection, new TabReader(connection), new TabWriter(connection));
      session = fresh;
      return fresh;
    } catch (SQLException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  @Override
  public @Nullable Tab load(ChannelId channelId) {
    try {
      return session().reader().read(channelId);
    } catch (SQLException e) {
      disconnect();
      throw new LedgerUnavailable("the ledger cannot be read: " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new LedgerUnavailable("the ledger's rows of " + channelId + " make no tab", e);
    }
  }

  @Override
  public void write(List<TabChange> changes) {
    try {
      Session open = session();
      open.writer().write(changes);
      open.connection().commit();
      rowsInLog += changes.size();
    } catch (SQLException e) {
      disconnect();
      if (isConstraint(e)) {
        throw new IllegalStateException("the schema refused a tab: " + e.getMessage(), e);
      }
      throw new LedgerUnavailable("the ledger cannot be written: " + e.getMessage(), e);
    } catch (RuntimeException e) {
      disconnect();
      throw e;
    }
  }

  /** The primary code is the lower byte of the extended one. */
  private static boolean isConstraint(SQLException e) {
    return (e.getErrorCode() & 0xff) == SQLiteErrorCode.SQLITE_CONSTRAINT.code;
  }

  @Override
  public void rest(boolean idle) {
    if (rowsInLog >= (idle ? IDLE_CHECKPOINT_ROWS : FORCED_CHECKPOINT_ROWS)) {
      checkpoint("PASSIVE");
    }
  }

  /** Copies the log into the file, so that it starts over; what it holds is durable either way. */
  private void checkpoint(String mode) {
    rowsInLog = 0;
    try {
      Session open = session();
      open.connection().rollback();
      try (Statement statement = open.connection().createStatement()) {
        statement.execute("PRAGMA wal_checkpoint(" + mode + ")");
      }
    } catch (SQLException | RuntimeException e) {
      disconnect();
    }
  }

  private void disconnect() {
    Session broken = session;
    session = null;
    if (broken != null) {
      try {
        broken.connection().close();
      } catch (SQLException e) {
        // It is being given up for broken already.
      }
    }
  }

  @Override
  public void close() {
    if (session != null) {
      checkpoint("TRUNCATE");
    }
    disconnect();
  }
}
