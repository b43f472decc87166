package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.NodeId;
import io.tollstream.metering.Amount;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This process among those that sell on a ledger: a row in {@code node} that it keeps alive by the
 * database's clock. A lease that is over stays over; the process comes back under a new name. The
 * same connection carries what the processes tell each other.
 */
final class PostgresNode implements AutoCloseable {
  /** Longer than this, nobody waits for a node that has died. */
  static final Duration MAX_LEASE = Duration.ofMinutes(5);

  /** Unix milliseconds by the database's clock. */
  static final String NOW = "floor(extract(epoch FROM now()) * 1000)::BIGINT";

  private static final Logger LOG = LoggerFactory.getLogger(PostgresNode.class);

  /** How often a lease is renewed before it would be over. */
  private static final int RENEWALS = 3;

  private static final int ID_BYTES = 16;
  private static final SecureRandom RANDOM = new SecureRandom();

  private static final String JOIN =
      """
      INSERT INTO node (node_id, name, since_millis, lease_until_millis)
      VALUES ($1, $2, %1$s, %1$s + $3::BIGINT)
      """
          .formatted(NOW);

  /** Gives no row once the lease is over, else whether nobody has been there for longer. */
  private static final String RENEW =
      """
      UPDATE node SET lease_until_millis = %1$s + $2::BIGINT
      WHERE node_id = $1 AND lease_until_millis > %1$s
      RETURNING node_id = (
        SELECT n.node_id FROM node n WHERE n.lease_until_millis > %1$s
        ORDER BY n.since_millis, n.node_id LIMIT 1) AS leads
      """
          .formatted(NOW);

  private static final String LEAVE =
      """
      WITH mine AS (
        UPDATE node SET lease_until_millis = 0
        WHERE node_id = $1 AND EXISTS (SELECT FROM reservation r WHERE r.node_id = $1)
      )
      DELETE FROM node
      WHERE node_id = $1 AND NOT EXISTS (SELECT FROM reservation r WHERE r.node_id = $1)
      """;

  /** Before anybody listens. */
  private static final Ledger.Listener NOBODY =
      new Ledger.Listener() {
        @Override
        public void changed(ChannelId channelId) {}

        @Override
        public void demanded(ChannelId channelId, Amount required) {}

        @Override
        public void missedNews() {}

        @Override
        public void expired() {}
      };

  private final PostgresConnections connections;
  private final String name;
  private final Duration length;
  private final PostgresNews news;
  private final PostgresRecovery recovery;
  private final Lease lease;
  private final Backoff backoff = new Backoff(System::nanoTime);
  private final Thread heart = new Thread(this::live, "ledger-node");
  private volatile Ledger.Listener listener = NOBODY;
  private volatile boolean leads;
  private volatile boolean closed;
  private @Nullable PostgresConnection connection;
  private boolean wasConnected;

  /**
   * A node that has not joined.
   *
   * @param name of this process, for people
   * @param length of the lease
   */
  PostgresNode(
      PostgresConnections connections,
      String name,
      Duration length,
      PostgresNews news,
      PostgresRecovery.Transition recovery) {
    this.connections = connections;
    this.name = name;
    this.length = length;
    this.news = news;
    this.recovery = new PostgresRecovery(recovery);
    this.lease = new Lease(length, this::expired);
    heart.setDaemon(true);
  }

  static NodeId randomId() {
    byte[] bytes = new byte[ID_BYTES];
    RANDOM.nextBytes(bytes);
    return NodeId.of(bytes);
  }

  /**
   * Joins, or fails, and lives from then on.
   *
   * @return completes when what dead nodes have left is recovered
   */
  Future<Void> start() {
    Future<Void> recovered;
    try {
      recovered = beat();
    } catch (PgException refused) {
      throw new LedgerUnavailable("this node cannot join: " + refused.getErrorMessage(), refused);
    }
    heart.start();
    return recovered;
  }

  NodeId id() {
    return lease.node();
  }

  boolean leads() {
    return leads && lease.isHeld();
  }

  void listen(Ledger.Listener next) {
    listener = next;
  }

  void demand(ChannelId channelId, Amount required) {
    news.demanded(channelId, required);
  }

  /** Tells other nodes of what was committed, where it can matter to them. */
  void tell(List<TabChange> changes, Set<ChannelId> except) {
    NodeId own = lease.holder();
    for (TabChange change : changes) {
      ChannelId id = change.after().id();
      if (!except.contains(id) && PostgresNews.isOf(change, own)) {
        news.changed(id);
      }
    }
  }

  /** Looks soon whether this node still counts as alive. */
  void look() {
    LockSupport.unpark(heart);
  }

  private void expired() {
    LOG.warn("This node has been out of touch with the ledger's database: its streams end");
    listener.expired();
    look();
  }

  private void live() {
    while (!closed) {
      long pauseNanos;
      try {
        beat();
        backoff.succeeded();
        pauseNanos = length.toNanos() / RENEWALS;
      } catch (LedgerUnavailable | PgException e) {
        LOG.warn("The ledger's database does not answer this node: {}", e.getMessage());
        disconnect();
        backoff.failed();
        pauseNanos = backoff.remainingNanos();
      }
      if (!closed) {
        LockSupport.parkNanos(pauseNanos);
      }
    }
  }

  private Future<Void> beat() {
    PostgresConnection open = connection();
    NodeId holder = lease.isHeld() ? lease.holder() : null;
    if (holder == null || !renew(open, holder)) {
      join(open);
    }
    return recovery.sweep(open.async());
  }

  private boolean renew(PostgresConnection open, NodeId node) {
    long sent = System.nanoTime();
    Buffer id = Buffer.buffer(node.bytes());
    Iterator<Row> renewed = open.ask(RENEW, id, length.toMillis()).iterator();
    if (!renewed.hasNext()) {
      lease.end(node);
      return false;
    }
    leads = renewed.next().getBoolean("leads");
    lease.renew(node, sent);
    return true;
  }

  /** Under a new name each time: it cannot be mistaken for one that came before. */
  private void join(PostgresConnection open) {
    NodeId node = randomId();
    long sent = System.nanoTime();
    open.ask(JOIN, Buffer.buffer(node.bytes()), name, length.toMillis());
    leads = false;
    lease.begin(node, sent);
    renew(open, node);
  }

  private PostgresConnection connection() {
    PostgresConnection open = connection;
    if (open != null && !open.isLost()) {
      return open;
    }
    disconnect();
    PostgresConnection fresh = connections.open("node");
    connection = fresh;
    fresh.whenLost(this::look);
    fresh.async().notificationHandler(notice -> news.hear(notice.getPayload(), listener));
    fresh.ask("LISTEN " + news.channel());
    news.connected(fresh.async());
    if (wasConnected) {
      listener.missedNews();
    }
    wasConnected = true;
    return fresh;
  }

  private void disconnect() {
    PostgresConnection broken = connection;
    connection = null;
    news.disconnected();
    if (broken != null) {
      broken.close();
    }
  }

  /** Says goodbye: what is still reserved here is for others to recover at once. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    look();
    join(heart);
    NodeId last = lease.holder();
    lease.close();
    PostgresConnection open = connection;
    if (open != null && last != null) {
      try {
        open.ask(LEAVE, Buffer.buffer(last.bytes()));
      } catch (PgException | LedgerUnavailable unheard) {
        LOG.debug("This node could not say goodbye", unheard);
      }
    }
    disconnect();
  }

  private static void join(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
