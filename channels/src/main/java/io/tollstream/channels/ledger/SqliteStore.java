package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.NodeId;
import io.tollstream.channels.Tab;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Tabs in a SQLite file. Any failure throws the connection away: the next call opens another and
 * sees what is on disk, so that it does not matter in what state the failure left the old one.
 *
 * <p>What is committed stands in the log until a checkpoint copies it into the file. That takes
 * many times as long as a commit, so it is done when nothing else is to do; under a load that never
 * pauses, beside the writer. SQLite starts the log over only once all of it has been copied, which
 * a busy writer's never is: so the writer itself copies the little that came meanwhile.
 */
final class SqliteStore implements TabStore {
  /** Changed tabs in the log after which a pause is used for a checkpoint. */
  private static final int IDLE_CHANGES = 1_000;

  /** Changed tabs in the log after which it is copied beside the writer. */
  private static final int BUSY_CHANGES = 10_000;

  /**
   * Changed tabs in the log after which the writer waits for a checkpoint: about 400 MB at most.
   */
  private static final int MAX_CHANGES = 50_000;

  /** A connection with what is prepared on it. */
  private record Session(
      Connection connection, TabReader reader, TabWriter writer, SqliteNotes notes) {}

  private static final long ONLY_REVISION = 0;

  private static final String INSERT_NODE =
      "INSERT INTO node (node_id, name, since_millis, lease_until_millis) VALUES (?, ?, 0, "
          + Long.MAX_VALUE
          + ")";

  private final SqliteFile file;
  private @Nullable Session session;
  private int changesInLog;
  private @Nullable CompletableFuture<Void> copying;

  SqliteStore(SqliteFile file) {
    this.file = file;
  }

  /**
   * Opens the file for a node that has it to itself: what others have reserved, the dead have.
   *
   * @param name of the node, for people
   * @return how many streams of theirs never said what they used
   */
  int open(NodeId node, String name) throws SQLException {
    Connection connection = session().connection();
    try (Statement statement = connection.createStatement();
        PreparedStatement insert = connection.prepareStatement(INSERT_NODE)) {
      int recovered = statement.executeUpdate("DELETE FROM reservation");
      statement.executeUpdate("DELETE FROM node");
      insert.setBytes(1, node.bytes());
      insert.setString(2, name);
      insert.executeUpdate();
      connection.commit();
      return recovered;
    } catch (SQLException e) {
      disconnect();
      throw e;
    }
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
      Session fresh =
          new Session(
              connection,
              new TabReader(connection),
              new TabWriter(connection),
              new SqliteNotes(connection));
      session = fresh;
      return fresh;
    } catch (SQLException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  @Override
  public Map<ChannelId, StoredTab> load(Collection<ChannelId> channelIds) {
    try {
      Map<ChannelId, StoredTab> tabs = new HashMap<>();
      for (ChannelId channelId : channelIds) {
        tabs.put(channelId, load(channelId));
      }
      return tabs;
    } catch (SQLException e) {
      disconnect();
      throw new LedgerUnavailable("the ledger cannot be read: " + SqliteFailure.reason(e), e);
    }
  }

  private StoredTab load(ChannelId channelId) throws SQLException {
    try {
      Tab tab = session().reader().read(channelId);
      return tab == null ? StoredTab.NONE : StoredTab.of(tab, ONLY_REVISION);
    } catch (SQLException e) {
      if (!SqliteFailure.isOfOneTab(e)) {
        throw e;
      }
      disconnect();
      return StoredTab.unreadable(
          new LedgerUnavailable("the tab cannot be read: " + SqliteFailure.reason(e), e));
    } catch (IllegalArgumentException e) {
      return StoredTab.unreadable(
          new LedgerUnavailable("the ledger's rows of " + channelId + " make no tab", e));
    }
  }

  /** This store is the only writer: nobody is ever quicker. */
  @Override
  public Set<ChannelId> write(List<TabChange> changes, Map<ChannelId, Long> reads) {
    if (!changes.isEmpty()) {
      write(changes);
    }
    return Set.of();
  }

  private void write(List<TabChange> changes) {
    commit(
        open -> {
          open.writer().write(changes);
          return changes.size();
        });
  }

  @Override
  public boolean swap(String name, @Nullable String expected, @Nullable String next) {
    return commit(open -> open.notes().swap(name, expected, next)) > 0;
  }

  @Override
  public SortedMap<String, String> notes(String prefix) {
    try {
      Session open = session();
      SortedMap<String, String> listed = open.notes().list(prefix);
      open.connection().commit();
      return listed;
    } catch (SQLException e) {
      disconnect();
      throw new LedgerUnavailable("the ledger cannot be read: " + SqliteFailure.reason(e), e);
    }
  }

  /** What is done in one commit; gives how much it changed. */
  @FunctionalInterface
  private interface Work {
    int on(Session session) throws SQLException;
  }

  private int commit(Work work) {
    try {
      Session open = session();
      int changes = work.on(open);
      open.connection().commit();
      changesInLog += changes;
      return changes;
    } catch (SQLException e) {
      disconnect();
      if (SqliteFailure.isOfOneTab(e)) {
        throw new IllegalStateException(SqliteFailure.reason(e), e);
      }
      throw new LedgerUnavailable("the ledger cannot be written: " + SqliteFailure.reason(e), e);
    } catch (RuntimeException e) {
      disconnect();
      throw e;
    }
  }

  @Override
  public void rest(boolean idle) {
    try {
      copyIfDue(idle);
    } catch (RuntimeException | Error e) {
      copying = null; // no thread to be had: the writer copies itself, when the log is long
    }
  }

  private void copyIfDue(boolean idle) {
    boolean copied = copying != null && copying.isDone();
    if (copied || changesInLog >= (idle ? IDLE_CHANGES : MAX_CHANGES)) {
      awaitCopying();
      checkpoint("PASSIVE");
    } else if (copying == null && session != null && changesInLog >= BUSY_CHANGES) {
      copying = CompletableFuture.runAsync(this::copy, SqliteStore::start);
    }
  }

  private static void start(Runnable work) {
    Thread thread = new Thread(work, "ledger-checkpoint");
    thread.setDaemon(true);
    thread.start();
  }

  private void copy() {
    try (Connection connection = file.checkpointer();
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA wal_checkpoint(PASSIVE)");
    } catch (SQLException e) {
      // Then the writer's own checkpoint has more to do, and fails where it matters.
    }
  }

  private void awaitCopying() {
    if (copying != null) {
      copying.join();
      copying = null;
    }
  }

  /** Copies the log into the file, so that it starts over; what it holds is durable either way. */
  private void checkpoint(String mode) {
    changesInLog = 0;
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
    awaitCopying();
    if (session != null) {
      checkpoint("TRUNCATE");
    }
    disconnect();
  }
}
