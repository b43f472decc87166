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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends the streams of nodes whose lease is over, by ordinary transitions. Any node does it, and two
 * at once do no harm. What cannot be recovered is left to the next time and holds up nothing else.
 * A node's row goes last: the foreign key keeps it as long as anything is reserved under it, and
 * nothing can be reserved once it is gone.
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
      """
      SELECT DISTINCT channel_id FROM reservation WHERE node_id = $1 AND channel_id > $2
      ORDER BY channel_id LIMIT %d
      """
          .formatted(MAX_CHANNELS);

  private static final String BURY =
      """
      DELETE FROM node WHERE node_id = $1 AND lease_until_millis <= %s
        AND NOT EXISTS (SELECT FROM reservation r WHERE r.node_id = $1)
      """
          .formatted(PostgresNode.NOW);

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
      all = all.compose(next -> recover(connection, node).otherwise(e -> isLeft(node, e)));
    }
    return all;
  }

  private static @Nullable Void isLeft(NodeId dead, Throwable failure) {
    LOG.warn("Dead node {} could not be recovered", dead, failure);
    return null;
  }

  private Future<Void> recover(PgConnection connection, NodeId dead) {
    Buffer id = Buffer.buffer(dead.bytes());
    return endStreams(connection, dead, Tuple.of(id, Buffer.buffer()))
        .compose(ended -> connection.preparedQuery(BURY).execute(Tuple.of(id)))
        .mapEmpty();
  }

  /** Goes on with the channels that follow, whatever came of these. */
  private Future<Void> endStreams(PgConnection connection, NodeId dead, Tuple after) {
    return connection
        .preparedQuery(LEFT)
        .execute(after)
        .compose(
            left -> {
              if (left.size() == 0) {
                return Future.succeededFuture();
              }
              List<ChannelId> page = new ArrayList<>();
              left.forEach(row -> page.add(PostgresRead.id(row)));
              Buffer last = Buffer.buffer(page.get(page.size() - 1).bytes());
              return endStreams(page, dead)
                  .compose(n -> endStreams(connection, dead, Tuple.of(after.getValue(0), last)));
            });
  }

  private Future<Void> endStreams(List<ChannelId> channels, NodeId dead) {
    List<Future<?>> ended = new ArrayList<>();
    for (ChannelId channel : channels) {
      ended.add(Future.fromCompletionStage(transition.recover(channel, dead)));
    }
    return Future.join(ended).<Void>mapEmpty().otherwise(e -> areLeft(ended, dead, e));
  }

  private static @Nullable Void areLeft(List<Future<?>> ended, NodeId dead, Throwable first) {
    long failed = ended.stream().filter(Future::failed).count();
    LOG.warn("{} channels of dead node {} could not be recovered", failed, dead, first);
    return null;
  }
}
