package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.NodeId;
import io.tollstream.channels.Notes;
import io.tollstream.channels.Tab;
import io.tollstream.metering.Amount;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ledger for any number of gateways: a PostgreSQL database. Each gateway commits in groups over
 * a connection of its own for each lane, a group in one round trip; where two change the same tab,
 * the slower one runs its transitions again.
 *
 * <p>Stages complete on the lanes' threads. What follows them must be short and must not wait for
 * the ledger: everybody else's answers stand behind it.
 */
public final class PostgresLedger implements Ledger {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresLedger.class);

  /**
   * Where the ledger is, and its bounds.
   *
   * @param queueLength the most transitions that wait on a lane; one more fails at once
   * @param groupLength the most transitions that share a commit
   * @param cachedTabs the most tabs that a lane holds in memory
   * @param lanes how many groups can be under way at once; a channel keeps to its lane
   * @param lease for how long this node counts as alive after it was last heard of
   * @param connectTimeout how long a connection may take to open
   * @param statementTimeout how long an answer may take
   */
  public record Settings(
      PostgresServer server,
      int queueLength,
      int groupLength,
      int cachedTabs,
      int lanes,
      Duration lease,
      Duration connectTimeout,
      Duration statementTimeout)
      implements GroupCommit.Bounds {
    /** More would only wait for each other at the server's disk. */
    public static final int MAX_LANES = 16;

    private static final Duration MIN_LEASE = Duration.ofSeconds(1);
    private static final Duration MIN_TIMEOUT = Duration.ofMillis(100);

    /**
     * Checked settings.
     *
     * @throws IllegalArgumentException if a bound is not above zero, there are more lanes than
     *     {@link #MAX_LANES}, the lease is not between one second and five minutes, or a timeout
     *     not between 100 ms and the lease
     */
    public Settings {
      if (queueLength < 1 || groupLength < 1 || cachedTabs < 1) {
        throw new IllegalArgumentException("the ledger's bounds must be above zero");
      }
      if (lanes < 1 || lanes > MAX_LANES) {
        throw new IllegalArgumentException("a ledger has 1 to " + MAX_LANES + " lanes: " + lanes);
      }
      requireWithin("lease", lease, MIN_LEASE, PostgresNode.MAX_LEASE);
      requireWithin("connect timeout", connectTimeout, MIN_TIMEOUT, lease);
      requireWithin("statement timeout", statementTimeout, MIN_TIMEOUT, lease);
    }

    private static void requireWithin(String what, Duration value, Duration least, Duration most) {
      if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
        throw new IllegalArgumentException(
            "the %s must be between %s and %s: %s".formatted(what, least, most, value));
      }
    }

    /** What suits most, on a server. */
    public static Settings of(PostgresServer server) {
      return new Settings(
          server,
          16_384,
          1_024,
          8_192,
          1,
          Duration.ofSeconds(15),
          Duration.ofSeconds(3),
          Duration.ofSeconds(5));
    }
  }

  private final Settings settings;
  private final PostgresConnections connections;
  private final PostgresNode node;
  private final List<GroupCommit> lanes = new ArrayList<>();
  private final TabPages pages = new TabPages(this::page);

  private PostgresLedger(Settings settings, CommitListener listener) {
    String instance = PostgresNode.randomId().hex().substring(2);
    PostgresServer server = settings.server();
    this.settings = settings;
    this.connections =
        new PostgresConnections(
            server, settings.connectTimeout(), settings.statementTimeout(), instance);
    this.node =
        new PostgresNode(
            connections,
            processName(),
            settings.lease(),
            new PostgresNews("tollstream_" + server.schema(), instance),
            this::recover);
    for (int i = 0; i < settings.lanes(); i++) {
      PostgresStore store = new PostgresStore(connections, "lane " + i, node);
      lanes.add(new GroupCommit(store, settings, listener));
    }
  }

  private static String processName() {
    String host;
    try {
      host = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException nameless) {
      host = "unknown host";
    }
    return host + ", process " + ProcessHandle.current().pid();
  }

  /**
   * Opens the ledger in a database, making or updating its tables where they are missing or old,
   * and joins those that sell on it.
   *
   * @throws LedgerUnavailable if the database cannot be reached, or is a newer version's
   */
  public static PostgresLedger open(Settings settings) {
    return open(settings, CommitListener.NONE);
  }

  /** As {@link #open(Settings)}, with somebody who hears of every commit, on every lane. */
  public static PostgresLedger open(Settings settings, CommitListener listener) {
    try {
      PostgresSchema.migrate(settings.server(), settings.connectTimeout());
      PostgresLedger ledger = new PostgresLedger(settings, listener);
      try {
        ledger.join();
        return ledger;
      } catch (RuntimeException e) {
        ledger.close();
        throw e;
      }
    } catch (LedgerUnavailable e) {
      throw new LedgerUnavailable(
          "the ledger " + settings.server() + " cannot be opened: " + e.getMessage(), e);
    }
  }

  /** What dead nodes have left is recovered before anything is sold, unless that takes long. */
  private void join() {
    Future<Void> recovered = node.start();
    try {
      Waits.await(recovered, settings.statementTimeout());
    } catch (LedgerUnavailable | PgException later) {
      LOG.info("What dead nodes have left is recovered later: {}", later.getMessage());
    }
  }

  private GroupCommit lane(ChannelId channelId) {
    return lanes.get(Math.floorMod(channelId.hashCode(), lanes.size()));
  }

  private CompletionStage<Tab> recover(ChannelId channelId, NodeId dead) {
    return apply(
        channelId,
        tab -> {
          if (tab == null) {
            throw new IllegalStateException("reserved on a channel without a tab: " + channelId);
          }
          return tab.recover(dead);
        });
  }

  @Override
  public <R> CompletionStage<R> apply(ChannelId channelId, Transition<R> transition) {
    return lane(channelId).submit(channelId, transition);
  }

  @Override
  public NodeId node() {
    return node.id();
  }

  @Override
  public boolean leads() {
    return node.leads();
  }

  @Override
  public boolean isShared() {
    return true;
  }

  @Override
  public void listen(Listener listener) {
    node.listen(listener);
  }

  @Override
  public void demand(ChannelId channelId, Amount required) {
    node.demand(channelId, required);
  }

  @Override
  public CompletionStage<List<Tab>> tabs(@Nullable ChannelId after, int limit) {
    return pages.read(after, limit);
  }

  /** Listings are rare: a connection for each leaves nothing behind to go stale. */
  private List<Tab> page(@Nullable ChannelId after, int limit) {
    try (PostgresConnection connection = connections.open("listing")) {
      byte[] from = after == null ? new byte[0] : after.bytes();
      List<Tab> tabs = new ArrayList<>();
      for (Row row : connection.ask(PostgresRead.PAGE, Buffer.buffer(from), limit)) {
        tabs.add(PostgresRead.tab(row));
      }
      return tabs;
    }
  }

  /** On the first lane: they are few, and each is a statement of its own. */
  @Override
  public Notes notes() {
    return new StoredNotes(lanes.get(0));
  }

  @Override
  public void close() {
    pages.close();
    lanes.forEach(GroupCommit::close);
    node.close();
    connections.close();
  }
}
