package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.Tab;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a {@link GroupCommit} keeps tabs. Used by one thread. After a failure the next call starts
 * afresh from what is on disk.
 */
interface TabStore extends AutoCloseable {

  /**
   * The tab as stored, or null where there is none.
   *
   * @throws LedgerUnavailable if it cannot be read
   */
  @Nullable Tab load(ChannelId channelId);

  /**
   * Makes all changes durable, or none that may be relied upon.
   *
   * @throws LedgerUnavailable if the store failed, or it is unknown whether it did
   * @throws IllegalStateException if a change breaks what the schema demands; nothing was written
   */
  void write(List<TabChange> changes);

  /**
   * A moment between two groups, for housekeeping. Does not throw.
   *
   * @param idle whether nothing has come for a while
   */
  void rest(boolean idle);

  @Override
  void close();
}
