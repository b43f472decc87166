package io.tollstream.channels.ledger;

import io.tollstream.channels.LedgerUnavailable;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClientOptions;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.PreparedStatement;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to PostgreSQL. It stands in a pool of its own, as closing a pool closes the socket,
 * whereas closing a connection waits for the answers that are still to come.
 */
final class PostgresConnection implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresConnection.class);

  private final Pool pool;
  private final PgConnection connection;
  private final Duration limit;
  private volatile boolean lost;
  private volatile Runnable whenLost = () -> {};

  private PostgresConnection(Pool pool, PgConnection connection, Duration limit) {
    this.pool = pool;
    this.connection = connection;
    this.limit = limit;
    connection.exceptionHandler(failure -> LOG.debug("A connection failed", failure));
    connection.closeHandler(gone -> lose());
  }

  private void lose() {
    lost = true;
    whenLost.run();
  }

  /**
   * Connects.
   *
   * @param connectLimit how long that may take
   * @param limit how long an answer may take from then on
   * @throws LedgerUnavailable if the server cannot be reached or does not want us
   */
  static PostgresConnection open(
      Vertx vertx, PgConnectOptions options, Duration connectLimit, Duration limit) {
    Pool pool =
        PgBuilder.pool()
            .using(vertx)
            .with(new PoolOptions().setMaxSize(1))
            .with(
                new NetClientOptions()
                    .setConnectTimeout((int) connectLimit.toMillis())
                    .setTcpKeepAlive(true))
            .connectingTo(options)
            .build();
    try {
      PgConnection connection =
          Waits.await(pool.getConnection().map(PgConnection::cast), connectLimit);
      return new PostgresConnection(pool, connection, limit);
    } catch (LedgerUnavailable unavailable) {
      pool.close();
      throw unavailable;
    } catch (PgException refused) {
      pool.close();
      throw new LedgerUnavailable(
          "PostgreSQL does not let us in: " + refused.getErrorMessage(), refused);
    }
  }

  /** Whether its end is known already; one that is not known to be lost may be. */
  boolean isLost() {
    return lost;
  }

  /** Has somebody told at once, on the event loop, when it is lost. */
  void whenLost(Runnable action) {
    whenLost = action;
  }

  /** The connection, for whoever does not wait. */
  PgConnection async() {
    return connection;
  }

  /**
   * The rows, once they are there.
   *
   * @throws PgException if the server refused
   * @throws LedgerUnavailable if it is unknown what became of it
   */
  RowSet<Row> ask(String sql, Object... parameters) {
    return await(connection.preparedQuery(sql).execute(Tuple.wrap(parameters)));
  }

  /** As {@link #ask}, with a statement that is prepared already. */
  RowSet<Row> ask(PreparedStatement statement, Tuple parameters) {
    return await(statement.query().execute(parameters));
  }

  <T> T await(Future<T> answer) {
    return Waits.await(answer, limit);
  }

  /** Closes the socket, whatever is under way. */
  @Override
  public void close() {
    pool.close();
  }
}
