package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.LedgerUnavailable;
import io.vertx.core.Future;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.PreparedStatement;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Tabs in PostgreSQL, over one connection. Whatever goes wrong on the way to the server and back
 * throws the connection away: the next call opens another, which the server takes only once it has
 * ended the one before. While the server cannot be reached, calls fail at once between attempts.
 */
final class PostgresStore implements TabStore {
  private static final String INTEGRITY = "23";
  private static final String NODE_IS_GONE = "reservation_node_id_fkey";

  /** Nothing was done, as another transaction was in the way: to be done again. */
  private static final Set<String> IN_THE_WAY = Set.of("40001", "40P01");

  /** A connection with what is prepared on it. */
  private record Session(
      PostgresConnection connection,
      PreparedStatement load,
      PreparedStatement check,
      PreparedStatement write) {}

  private final PostgresConnections connections;
  private final String role;
  private final PostgresNode node;
  private final Backoff backoff = new Backoff(System::nanoTime);
  private @Nullable Session session;

  /**
   * A store that connects when it is first used.
   *
   * @param role of its connection
   * @param node for whom it writes
   */
  PostgresStore(PostgresConnections connections, String role, PostgresNode node) {
    this.connections = connections;
    this.role = role;
    this.node = node;
  }

  private Session session() {
    if (session != null && session.connection().isLost()) {
      disconnect();
    }
    Session open = session;
    if (open != null) {
      return open;
    }
    if (backoff.remainingNanos() > 0) {
      throw new LedgerUnavailable("PostgreSQL could not be reached a moment ago");
    }
    try {
      Session fresh = prepare(connections.open(role));
      backoff.succeeded();
      session = fresh;
      return fresh;
    } catch (RuntimeException e) {
      backoff.failed();
      throw e;
    }
  }

  private static Session prepare(PostgresConnection connection) {
    Future<PreparedStatement> load = connection.async().prepare(PostgresRead.TABS);
    Future<PreparedStatement> check = connection.async().prepare(PostgresRead.CHECK);
    Future<PreparedStatement> write = connection.async().prepare(PostgresWrite.SQL);
    try {
      connection.await(Future.all(load, check, write));
      return new Session(connection, load.result(), check.result(), write.result());
    } catch (PgException | LedgerUnavailable e) {
      connection.close();
      throw new LedgerUnavailable("its statements cannot be prepared: " + e.getMessage(), e);
    }
  }

  @Override
  public Map<ChannelId, StoredTab> load(Collection<ChannelId> channelIds) {
    Tuple ids = Tuple.tuple().addValue(PostgresRead.ids(channelIds));
    Map<ChannelId, StoredTab> tabs = new HashMap<>();
    try {
      Session open = session();
      for (Row row : open.connection().ask(open.load(), ids)) {
        tabs.put(PostgresRead.id(row), PostgresRead.stored(row));
      }
      return tabs;
    } catch (PgException e) {
      throw failed(e);
    } catch (LedgerUnavailable e) {
      disconnect();
      throw e;
    }
  }

  @Override
  public Set<ChannelId> write(List<TabChange> changes, Map<ChannelId, Long> reads) {
    if (changes.isEmpty() && reads.isEmpty()) {
      return Set.of();
    }
    try {
      Set<ChannelId> overtaken = new HashSet<>();
      run(changes, reads).forEach(row -> overtaken.add(PostgresRead.id(row)));
      node.tell(changes, overtaken);
      return overtaken;
    } catch (PgException e) {
      if (IN_THE_WAY.contains(e.getSqlState())) {
        return everybody(changes, reads);
      }
      throw refused(e);
    } catch (LedgerUnavailable e) {
      disconnect();
      throw e;
    }
  }

  @Override
  public boolean swap(String name, @Nullable String expected, @Nullable String next) {
    return ask(connection -> PostgresNotes.swap(connection, name, expected, next));
  }

  @Override
  public SortedMap<String, String> notes(String prefix) {
    return ask(connection -> PostgresNotes.list(connection, prefix));
  }

  private <T> T ask(Function<PostgresConnection, T> question) {
    try {
      return question.apply(session().connection());
    } catch (PgException e) {
      throw failed(e);
    } catch (LedgerUnavailable e) {
      disconnect();
      throw e;
    }
  }

  private RowSet<Row> run(List<TabChange> changes, Map<ChannelId, Long> reads) {
    Session open = session();
    if (changes.isEmpty()) {
      Tuple revisions = Tuple.tuple();
      PostgresRead.revisions(reads).addTo(revisions);
      return open.connection().ask(open.check(), revisions);
    }
    return open.connection().ask(open.write(), PostgresWrite.parameters(changes, reads));
  }

  private static Set<ChannelId> everybody(List<TabChange> changes, Map<ChannelId, Long> reads) {
    Set<ChannelId> all = new HashSet<>(reads.keySet());
    changes.forEach(change -> all.add(change.after().id()));
    return all;
  }

  private RuntimeException refused(PgException e) {
    if (NODE_IS_GONE.equals(e.getConstraint())) {
      node.look();
    }
    if (String.valueOf(e.getSqlState()).startsWith(INTEGRITY)) {
      return new IllegalStateException("the schema refused a tab: " + e.getErrorMessage(), e);
    }
    return failed(e);
  }

  private LedgerUnavailable failed(PgException e) {
    disconnect();
    return new LedgerUnavailable("PostgreSQL failed: " + e.getErrorMessage(), e);
  }

  private void disconnect() {
    Session broken = session;
    session = null;
    if (broken != null) {
      broken.connection().close();
    }
  }

  /** The server does the housekeeping. */
  @Override
  public void rest(boolean idle) {}

  @Override
  public void close() {
    disconnect();
  }
}
