package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.Reservation;
import io.tollstream.channels.Tab;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A ledger as an operator has it: to look at while a gateway runs on it, and to move while none
 * does. Each tab is read as it stood at one moment.
 *
 * <p>The exported form is a line of JSON for each tab between a first line that names the version
 * and a last one that counts, without which it is not whole.
 */
public final class LedgerArchive implements AutoCloseable {
  private static final int PAGE = 500;
  private static final String HEAD = "{\"tollstreamLedger\":1}";
  private static final String RUNNING_HEAD = "{\"tollstreamLedger\":1,\"whileRunning\":true}";
  private static final String FOOT = "{\"tabs\":%d}";

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

  private static final String LIVE_NODE =
      """
      SELECT name FROM node
      WHERE lease_until_millis > extract(epoch FROM clock_timestamp()) * 1000 LIMIT 1
      """;

  private final Connection connection;
  private final AutoCloseable hold;
  private final TabReader reader;
  private final boolean isTaken;

  /**
   * An archive over a connection that it closes.
   *
   * @param hold what keeps others away meanwhile; closed last
   * @param isTaken whether nobody else can change anything
   */
  LedgerArchive(Connection connection, AutoCloseable hold, boolean isTaken) throws SQLException {
    this.connection = connection;
    this.hold = hold;
    this.isTaken = isTaken;
    connection.setAutoCommit(false);
    this.reader = new TabReader(connection);
  }

  /**
   * Looks at the embedded ledger of a directory, beside the gateway that may run on it.
   *
   * @throws LedgerUnavailable if there is none, or it is of another version
   */
  public static LedgerArchive read(Path directory) {
    Path file = LedgerDirectory.database(directory);
    if (!Files.isRegularFile(file)) {
      throw new LedgerUnavailable("there is no ledger in " + directory);
    }
    try {
      Connection connection = SqliteFile.at(file).reader();
      try {
        Schema.requireCurrent(connection);
        return new LedgerArchive(connection, () -> {}, false);
      } catch (SQLException | RuntimeException e) {
        connection.close();
        throw e;
      }
    } catch (SQLException | LedgerUnavailable e) {
      throw unreadable(file, e);
    }
  }

  /**
   * Takes the embedded ledger of a directory, to add to it; no gateway may run on it.
   *
   * @throws LedgerUnavailable if a gateway does, or it cannot be opened
   */
  public static LedgerArchive take(Path directory) {
    LedgerDirectory taken = LedgerDirectory.take(directory);
    try {
      Connection connection = SqliteFile.at(taken.database()).writer();
      try {
        Schema.migrate(connection);
        return new LedgerArchive(connection, taken, true);
      } catch (SQLException | RuntimeException e) {
        connection.close();
        throw e;
      }
    } catch (SQLException | LedgerUnavailable e) {
      taken.close();
      throw unreadable(taken.database(), e);
    }
  }

  /**
   * Looks at the ledger of a database, beside the gateways that may run on it.
   *
   * @throws LedgerUnavailable if it cannot be reached, or there is no ledger of this version
   */
  public static LedgerArchive read(PostgresServer server) {
    return open(
        server,
        false,
        connection -> {
          connection.setReadOnly(true);
          connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
          PostgresSchema.requireCurrent(server, CONNECT_TIMEOUT);
        });
  }

  /**
   * Takes the ledger of a database, to add to it; no gateway may run on it, and none that starts
   * gets to sell before this one is done.
   *
   * @throws LedgerUnavailable if a gateway does, or it cannot be reached
   */
  public static LedgerArchive take(PostgresServer server) {
    PostgresSchema.migrate(server, CONNECT_TIMEOUT);
    return open(
        server,
        true,
        connection -> {
          connection.setAutoCommit(false);
          try (Statement statement = connection.createStatement()) {
            statement.execute("SET LOCAL lock_timeout = '3s'");
            statement.execute("LOCK TABLE node, tab IN EXCLUSIVE MODE");
            try (ResultSet row = statement.executeQuery(LIVE_NODE)) {
              if (row.next()) {
                throw new LedgerUnavailable(
                    "a gateway is running on it (" + row.getString(1) + "): stop it first");
              }
            }
          }
        });
  }

  /** What makes a connection fit for its use. */
  @FunctionalInterface
  private interface Preparation {
    void on(Connection connection) throws SQLException;
  }

  private static LedgerArchive open(
      PostgresServer server, boolean isTaken, Preparation preparation) {
    try {
      Connection connection = server.dataSource(CONNECT_TIMEOUT).getConnection();
      try {
        connection.setSchema(server.schema());
        preparation.on(connection);
        return new LedgerArchive(connection, () -> {}, isTaken);
      } catch (SQLException | RuntimeException e) {
        connection.close();
        throw e;
      }
    } catch (SQLException | LedgerUnavailable e) {
      throw unreadable(server, e);
    }
  }

  private static LedgerUnavailable unreadable(Object what, Exception e) {
    return new LedgerUnavailable("the ledger " + what + " cannot be opened: " + e.getMessage(), e);
  }

  /**
   * Goes through all tabs in the order of their ids.
   *
   * @param broken hears of a channel whose rows make no tab, and why
   */
  public void forEach(Consumer<Tab> action, BiConsumer<ChannelId, String> broken) {
    try {
      List<ChannelId> page = reader.ids(null, PAGE);
      while (!page.isEmpty()) {
        List<Tab> tabs = readable(page, broken);
        if (!isTaken) {
          connection.rollback(); // whoever takes long over a page must not hold up a checkpoint
        }
        tabs.forEach(action);
        page = reader.ids(page.get(page.size() - 1), PAGE);
      }
    } catch (SQLException e) {
      throw unreadable("file", e);
    }
  }

  private List<Tab> readable(List<ChannelId> ids, BiConsumer<ChannelId, String> broken)
      throws SQLException {
    List<Tab> tabs = new ArrayList<>();
    for (ChannelId id : ids) {
      try {
        Tab tab = reader.read(id);
        if (tab != null) {
          tabs.add(tab);
        }
      } catch (IllegalArgumentException e) {
        broken.accept(id, "its rows make no tab: " + e.getMessage());
      }
    }
    return tabs;
  }

  /**
   * The tab of a channel, or null.
   *
   * @throws LedgerUnavailable if its rows make no tab
   */
  public @Nullable Tab find(ChannelId id) {
    try {
      return reader.read(id);
    } catch (SQLException | IllegalArgumentException e) {
      throw unreadable("tab of " + id, e);
    }
  }

  /**
   * Writes all tabs as lines of JSON. An export of a ledger that is not taken says so, and no
   * ledger takes it: what it sold meanwhile would be sold once more.
   *
   * @return how many
   * @throws LedgerUnavailable if a tab cannot be read: half an export would look whole
   */
  public long export(Writer to) throws IOException {
    long[] count = new long[1];
    to.write((isTaken ? HEAD : RUNNING_HEAD) + "\n");
    try {
      forEach(
          tab -> {
            write(to, TabJson.encode(tab));
            count[0]++;
          },
          (id, why) -> {
            throw new LedgerUnavailable("channel " + id + ": " + why);
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    to.write(FOOT.formatted(count[0]) + "\n");
    return count[0];
  }

  private static void write(Writer to, String line) {
    try {
      to.write(line + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Adds exported tabs, all or none. One that is there already must be equal.
   *
   * @return how many were added
   * @throws IllegalArgumentException naming the line that is wrong, or the channel that differs
   */
  public long add(BufferedReader from) throws IOException {
    List<TabChange> changes = new ArrayList<>();
    for (Tab tab : parse(from)) {
      Tab known = find(tab.id());
      if (known == null) {
        changes.add(new TabChange(null, StoredTab.NONE.revision(), tab));
      } else if (!withoutReservations(known).equals(tab)) {
        throw new IllegalArgumentException(
            "channel " + tab.id() + " is in the ledger already, and differs; nothing was added");
      }
    }
    try {
      new TabWriter(connection).write(changes);
      connection.commit();
    } catch (SQLException e) {
      // Some drivers' messages quote the statement, and with it signatures.
      throw new LedgerUnavailable("nothing was added: SQL state " + e.getSQLState());
    }
    return changes.size();
  }

  private static Tab withoutReservations(Tab tab) {
    Tab left = tab;
    for (Reservation held : tab.reservations()) {
      left = left.recover(held.stream().node()).answer();
    }
    return left;
  }

  private static List<Tab> parse(BufferedReader from) throws IOException {
    String head = from.readLine();
    if (RUNNING_HEAD.equals(head)) {
      throw new IllegalArgumentException(
          "it was exported while a gateway ran: stop the gateway and export again, without"
              + " --while-running, or what it sold since would be sold again");
    }
    if (!HEAD.equals(head)) {
      throw new IllegalArgumentException("line 1: expected " + HEAD);
    }
    List<Tab> tabs = new ArrayList<>();
    for (String line = from.readLine(); line != null; line = from.readLine()) {
      if (line.equals(FOOT.formatted(tabs.size()))) {
        return tabs;
      }
      tabs.add(decode(line, tabs.size() + 2));
    }
    throw new IllegalArgumentException("the last line is missing: the export is not whole");
  }

  private static Tab decode(String line, int number) {
    try {
      return TabJson.decode(line);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("line " + number + ": " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    try (hold) {
      connection.close();
    } catch (Exception e) {
      throw new LedgerUnavailable("the ledger was not closed: " + e.getMessage(), e);
    }
  }
}
