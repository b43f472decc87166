package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.NodeId;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends the streams of nodes whose lease is over, by ordinary transitions. Any node does it, and two
 * at once do no harm. A node's row goes last: the foreign key keeps it as long as anything is
 * reserved under it, and nothing can be reserved once it is gone.
 */
final class PostgresRecovery {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresRecovery.class);

  /** How a node's streams on a channel are ended. */
  interface Transition {
    CompletionStage<?> recover(ChannelId channelId, NodeId dead);
  }

  private static final int MAX_CHANNELS = 1_000;

  /**
   * No lease is longer than the longest there is, from now on. One that seems so was given before
   * the database's clock was set back: whoever holds it has less left.
   */
  private static final String DEAD =
      """
      WITH clipped AS (
        UPDATE node SET lease_until_millis = %1$s + %2$d
        WHERE lease_until_millis > %1$s + %2$d
      )
      SELECT node_id, name FROM node WHERE lease_until_millis <= %1$s
      """
          .formatted(PostgresNode.NOW, PostgresNode.MAX_LEASE.toMillis());

  private static final String LEFT =
      "SELECT DISTINCT channel_id FROM reservation WHERE node_id = $1 LIMIT " + MAX_CHANNELS;

  private static final String BURY =
      "DELETE FROM node WHERE node_id = $1 AND lease_until_millis <= " + PostgresNode.NOW;

  private final Transition transition;
  private final AtomicBoolean underWay = new AtomicBoolean();

  PostgresRecovery(Transition transition) {
    this.transition = transition;
  }

  /** Recovers what there is; a second one meanwhile has nothing to do. */
  Future<Void> sweep(PgConnection connection) {
    if (!underWay.compareAndSet(false, true)) {
      return Future.succeededFuture();
    }
    return connection
        .preparedQuery(DEAD)
        .execute()
        .compose(dead -> oneByOne(connection, dead))
        .onFailure(failure -> LOG.warn("A dead node could not be recovered", failure))
        .onComplete((done, failure) -> underWay.set(false));
  }

  private Future<Void> oneByOne(PgConnection connection, RowSet<Row> dead) {
    Future<Void> all = Future.succeededFuture();
    for (Row row : dead) {
      NodeId node = NodeId.of(row.getBuffer("node_id").getBytes());
      LOG.warn("Node {} ({}) is dead: what its streams had stays charged", node, row.getString(1));
      all = all.compose(next -> recover(connection, node));
    }
    return all;
  }

  private Future<Void> recover(PgConnection connection, NodeId dead) {
    Tuple id = Tuple.of(Buffer.buffer(dead.bytes()));
    return connection
        .preparedQuery(LEFT)
        .execute(id)
        .compose(
            left ->
                left.size() == 0
                    ? connection.preparedQuery(BURY).execute(id).mapEmpty()
                    : endStreams(left, dead).compose(next -> recover(connection, dead)));
  }

  private Future<Void> endStreams(RowSet<Row> left, NodeId dead) {
    List<Future<?>> ended = new ArrayList<>();
    for (Row row : left) {
      ended.add(Future.fromCompletionStage(transition.recover(PostgresRead.id(row), dead)));
    }
    return Future.all(ended).mapEmpty();
  }
}
