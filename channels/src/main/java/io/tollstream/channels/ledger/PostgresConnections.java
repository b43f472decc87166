package io.tollstream.channels.ledger;

import io.tollstream.channels.LedgerUnavailable;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Opens the connections of one ledger, and the event loop under them. Each has a role, and there is
 * one connection of a role at a time: before a new one is used, the server has ended the one
 * before. So no statement that was given up for lost is carried out after what followed it.
 */
final class PostgresConnections implements AutoCloseable {
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

  /**
   * Ends a former connection that waits for its client, as the idle do, or for a lock; looks at
   * any. One that works is left to the statement timeout. One whose commit waits for a standby is
   * left alone: ending it would end the wait, and show to all what is lost with this server.
   */
  private static final String END_FORMER =
      """
      SELECT coalesce(wait_event, '') AS wait_event,
        CASE WHEN wait_event_type IN ('Client', 'Lock') THEN pg_terminate_backend(pid) END AS ended
      FROM pg_stat_activity
      WHERE application_name = $1 AND datname = current_database() AND pid <> pg_backend_pid()
      """;

  private static final String WAITS_FOR_STANDBY = "SyncRep";

  /** Whoever set a level of his own keeps it, unless it is the one that promises nothing. */
  private static final String CHECK =
      """
      SELECT pg_is_in_recovery() AS standby, current_setting('fsync') AS fsync,
        CASE current_setting('synchronous_commit')
          WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END AS raised
      """;

  /**
   * Commits something, which waits for the synchronous standbys, if there are any. What can be seen
   * on this connection was committed before, so they have it then, too: that is not sure of what
   * was left by a server that crashed, or by a commit whose wait somebody has cancelled.
   */
  private static final String AWAIT_STANDBYS =
      "SELECT pg_logical_emit_message(true, 'tollstream', '')";

  private final PostgresServer server;
  private final Duration connectTimeout;
  private final Duration statementTimeout;
  private final String instance;
  private final Vertx vertx;

  /**
   * Connects to a server once it is asked to.
   *
   * @param instance tells this ledger's connections from those of every other
   */
  PostgresConnections(
      PostgresServer server, Duration connectTimeout, Duration statementTimeout, String instance) {
    this.server = server;
    this.connectTimeout = connectTimeout;
    this.statementTimeout = statementTimeout;
    this.instance = instance;
    this.vertx =
        Vertx.vertx(
            new VertxOptions()
                .setEventLoopPoolSize(1)
                .setWorkerPoolSize(1)
                .setInternalBlockingPoolSize(1)
                .setUseDaemonThread(true));
  }

  /**
   * Connects in a role.
   *
   * @throws LedgerUnavailable if the server cannot be reached, or promises less than a ledger must
   */
  PostgresConnection open(String role) {
    String name = "tollstream " + instance + "/" + role;
    PostgresConnection connection =
        PostgresConnection.open(
            vertx, server.options(name, statementTimeout), connectTimeout, statementTimeout);
    try {
      endFormer(connection, name);
      check(connection.ask(CHECK).iterator().next());
      connection.ask(AWAIT_STANDBYS);
      return connection;
    } catch (PgException refused) {
      connection.close();
      throw new LedgerUnavailable("PostgreSQL refused: " + refused.getErrorMessage(), refused);
    } catch (RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  private void endFormer(PostgresConnection connection, String name) {
    long end = System.nanoTime() + statementTimeout.toNanos();
    for (Row former = former(connection, name); former != null; former = former(connection, name)) {
      if (System.nanoTime() > end) {
        throw new LedgerUnavailable(
            former.getString("wait_event").equals(WAITS_FOR_STANDBY)
                ? "PostgreSQL waits for a synchronous standby to take a commit"
                : "PostgreSQL does not end a former connection");
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private static @Nullable Row former(PostgresConnection connection, String name) {
    Iterator<Row> rows = connection.ask(END_FORMER, name).iterator();
    return rows.hasNext() ? rows.next() : null;
  }

  private static void check(Row promises) {
    if (promises.getBoolean("standby")) {
      throw new LedgerUnavailable("the PostgreSQL server is a standby: it takes no changes");
    }
    if (!"on".equals(promises.getString("fsync"))) {
      throw new LedgerUnavailable("the PostgreSQL server has fsync off: it may lose vouchers");
    }
  }

  @Override
  public void close() {
    try {
      Waits.await(vertx.close(), CLOSE_LIMIT);
    } catch (LedgerUnavailable slow) {
      // Its threads are daemons: they end with the process.
    }
  }
}
