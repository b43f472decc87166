package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.NodeId;
import io.tollstream.channels.Notes;
import io.tollstream.channels.Tab;
import io.tollstream.metering.Amount;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ledger with nothing to install: a SQLite file in a directory of its own, written by one
 * thread that commits in groups, one fsync for each.
 *
 * <p>Stages complete on that thread. What follows them must be short and must not wait for the
 * ledger: everybody else's answers stand behind it.
 */
public final class SqliteLedger implements Ledger {
  private static final Logger LOG = LoggerFactory.getLogger(SqliteLedger.class);

  /**
   * The ledger's bounds.
   *
   * @param queueLength the most transitions that wait; one more fails at once
   * @param groupLength the most transitions that share a commit
   * @param cachedTabs the most tabs held in memory
   */
  public record Settings(int queueLength, int groupLength, int cachedTabs)
      implements GroupCommit.Bounds {
    public static final Settings DEFAULT = new Settings(16_384, 1_024, 8_192);

    /**
     * Checked bounds.
     *
     * @throws IllegalArgumentException if one is not above zero
     */
    public Settings {
      if (queueLength < 1 || groupLength < 1 || cachedTabs < 1) {
        throw new IllegalArgumentException("the ledger's bounds must be above zero");
      }
    }
  }

  private final LedgerDirectory directory;
  private final GroupCommit commits;
  private final TabPages pages;
  private final Notes notes;
  private final NodeId node;

  private SqliteLedger(
      LedgerDirectory directory, GroupCommit commits, TabPages pages, NodeId node) {
    this.directory = directory;
    this.commits = commits;
    this.pages = pages;
    this.notes = new StoredNotes(commits);
    this.node = node;
  }

  /**
   * Opens the ledger of a directory, creating both where they are missing.
   *
   * @throws LedgerUnavailable if the directory cannot be written or is in use, or the file in it is
   *     no ledger or a newer version's
   */
  public static SqliteLedger open(Path directory, Settings settings) {
    return open(directory, settings, CommitListener.NONE);
  }

  /** As {@link #open(Path, Settings)}, with somebody who hears of every commit. */
  public static SqliteLedger open(Path directory, Settings settings, CommitListener listener) {
    return open(directory, settings, listener, () -> "");
  }

  /** For tests that take the store's space away and give it back. */
  static SqliteLedger open(
      Path directory, Settings settings, CommitListener listener, Supplier<String> pragmas) {
    LedgerDirectory taken = LedgerDirectory.take(directory);
    SqliteFile file = new SqliteFile(taken.database(), pragmas);
    SqliteStore store = new SqliteStore(file);
    NodeId node = randomNode();
    try {
      int recovered = store.open(node, "process " + ProcessHandle.current().pid());
      if (recovered > 0) {
        LOG.warn("{} streams were cut off by a crash: what they reserved stays charged", recovered);
      }
    } catch (SQLException e) {
      taken.close();
      throw unopened(taken, SqliteFailure.reason(e), e);
    } catch (LedgerUnavailable e) {
      taken.close();
      throw unopened(taken, e.getMessage(), e);
    }
    GroupCommit commits = new GroupCommit(store, settings, listener);
    return new SqliteLedger(taken, commits, new TabPages(file::page), node);
  }

  private static NodeId randomNode() {
    byte[] bytes = new byte[16];
    new SecureRandom().nextBytes(bytes);
    return NodeId.of(bytes);
  }

  private static LedgerUnavailable unopened(
      LedgerDirectory directory, @Nullable String reason, Exception cause) {
    return new LedgerUnavailable(
        "the ledger " + directory.database() + " cannot be opened: " + reason, cause);
  }

  @Override
  public <R> CompletionStage<R> apply(ChannelId channelId, Transition<R> transition) {
    return commits.submit(channelId, transition);
  }

  @Override
  public NodeId node() {
    return node;
  }

  @Override
  public boolean leads() {
    return true;
  }

  @Override
  public boolean isShared() {
    return false;
  }

  /** Nobody else is on this ledger. */
  @Override
  public void listen(Listener listener) {}

  /** Nobody else is on this ledger. */
  @Override
  public void demand(ChannelId channelId, Amount required) {}

  @Override
  public CompletionStage<List<Tab>> tabs(@Nullable ChannelId after, int limit) {
    return pages.read(after, limit);
  }

  @Override
  public Notes notes() {
    return notes;
  }

  @Override
  public void close() {
    pages.close();
    commits.close();
    directory.close();
  }
}
