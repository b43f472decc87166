package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.NodeId;
import io.tollstream.channels.Reservation;
import io.tollstream.channels.Tab;
import io.tollstream.metering.Amount;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Tuple;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the processes on a ledger tell each other, by NOTIFY. It is told after the commit and on a
 * connection of its own: a transaction that notifies holds a lock that all others of that kind wait
 * for until it is on disk (PostgreSQL, async.c). What comes while a notice is under way goes into
 * the next one together.
 */
final class PostgresNews {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresNews.class);

  /** Beyond this, what happened is not told one by one. */
  private static final int MAX_WAITING = 8_192;

  /** PostgreSQL takes payloads of up to 7,999 bytes. */
  private static final int MAX_IDS = 100;

  private static final String TELL = "SELECT pg_notify($1, n) FROM unnest($2::TEXT[]) AS n";
  private static final String CHANGED = "changed";
  private static final String DEMANDED = "demanded";
  private static final String MISSED = "missed";

  private final String channel;
  private final String sender;
  private final Set<ChannelId> changed = new LinkedHashSet<>();
  private final Map<ChannelId, Amount> demanded = new LinkedHashMap<>();
  private boolean missed;
  private boolean underWay;
  private @Nullable PgConnection connection;

  /**
   * News that nobody hears yet.
   *
   * @param channel of the notices
   * @param sender tells this process from the others
   */
  PostgresNews(String channel, String sender) {
    this.channel = channel;
    this.sender = sender;
  }

  String channel() {
    return channel;
  }

  /** Whether a change can matter to streams of another node than this one. */
  static boolean isOf(TabChange change, @Nullable NodeId own) {
    Tab before = change.before();
    Tab after = change.after();
    if (before == null) {
      return false;
    }
    List<Reservation> others = others(before, own);
    if (others.isEmpty()) {
      return false;
    }
    return !before.authorized().equals(after.authorized())
        || !before.phase().equals(after.phase())
        || !before.channel().equals(after.channel())
        || !others.equals(others(after, own))
        || before.spent().exceeds(after.spent());
  }

  private static List<Reservation> others(Tab tab, @Nullable NodeId own) {
    return tab.reservations().stream().filter(held -> !held.stream().node().equals(own)).toList();
  }

  synchronized void changed(ChannelId channelId) {
    changed.add(channelId);
    if (changed.size() > MAX_WAITING) {
      changed.clear();
      missed = true;
    }
    send();
  }

  synchronized void demanded(ChannelId channelId, Amount required) {
    if (demanded.size() < MAX_WAITING) {
      demanded.merge(channelId, required, Amount::max);
    }
    send();
  }

  /** From now on it can be told, first of all what waits. */
  synchronized void connected(PgConnection fresh) {
    connection = fresh;
    underWay = false;
    send();
  }

  synchronized void disconnected() {
    connection = null;
  }

  private void send() {
    PgConnection teller = connection;
    if (teller == null || underWay || (changed.isEmpty() && demanded.isEmpty() && !missed)) {
      return;
    }
    underWay = true;
    Tuple notices = Tuple.of(channel).addValue(payloads());
    teller
        .preparedQuery(TELL)
        .execute(notices)
        .onComplete((rows, failure) -> sent(teller, failure));
  }

  private synchronized void sent(PgConnection teller, @Nullable Throwable failure) {
    if (failure != null) {
      LOG.debug("News could not be told", failure);
      missed = true;
    }
    if (teller.equals(connection)) {
      underWay = false;
      if (failure == null) {
        send();
      }
    }
  }

  private String[] payloads() {
    List<String> payloads = new ArrayList<>();
    if (missed) {
      payloads.add(payload(MISSED, ""));
    }
    List<String> ids = changed.stream().map(ChannelId::toString).toList();
    for (int i = 0; i < ids.size(); i += MAX_IDS) {
      List<String> some = ids.subList(i, Math.min(ids.size(), i + MAX_IDS));
      payloads.add(payload(CHANGED, String.join(",", some)));
    }
    demanded.forEach((id, amount) -> payloads.add(payload(DEMANDED, id + "," + amount)));
    missed = false;
    changed.clear();
    demanded.clear();
    return payloads.toArray(String[]::new);
  }

  private String payload(String kind, String rest) {
    return sender + " " + kind + " " + rest;
  }

  /** Passes on what another process has told; who may write to the database may say anything. */
  void hear(String payload, Ledger.Listener listener) {
    String[] parts = payload.split(" ", 3);
    if (parts.length < 3 || parts[0].equals(sender)) {
      return;
    }
    try {
      String[] values = parts[2].split(",", -1);
      switch (parts[1]) {
        case MISSED -> listener.missedNews();
        case CHANGED -> List.of(values).forEach(id -> listener.changed(new ChannelId(id)));
        case DEMANDED ->
            listener.demanded(new ChannelId(values[0]), new Amount(new BigInteger(values[1])));
        default -> LOG.debug("A notice of an unknown kind: {}", parts[1]);
      }
    } catch (IllegalArgumentException | ArithmeticException | ArrayIndexOutOfBoundsException e) {
      LOG.debug("A notice that makes no sense", e);
    }
  }
}
