package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.LedgerUnavailable;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * Where a {@link GroupCommit} keeps tabs. Used by one thread; others may write to the same tabs
 * through stores of their own. After a failure the next call starts afresh from what is stored.
 */
interface TabStore extends AutoCloseable {

  /**
   * The tabs of these channels, as stored; a channel without one may be left out.
   *
   * @throws LedgerUnavailable if the store cannot be read
   */
  Map<ChannelId, StoredTab> load(Collection<ChannelId> channelIds);

  /**
   * Makes changes durable, each over the very revision that it was made from, in one commit.
   *
   * @param changes of different tabs; none is possible
   * @param reads revisions of other tabs on which answers rest; -1 for a tab that was not there
   * @return the channels at which somebody else was quicker: of these nothing was written
   * @throws LedgerUnavailable if the store failed, or it is unknown whether it did
   * @throws IllegalStateException if a change breaks what the schema demands; nothing was written
   */
  Set<ChannelId> write(List<TabChange> changes, Map<ChannelId, Long> reads);

  /**
   * Changes a note in a commit of its own, as {@link io.tollstream.channels.Notes#swap} says.
   *
   * @throws LedgerUnavailable if the store failed, or it is unknown whether it did
   */
  boolean swap(String name, @Nullable String expected, @Nullable String next);

  /**
   * The first notes whose names begin so.
   *
   * @throws LedgerUnavailable if the store cannot be read
   */
  SortedMap<String, String> notes(String prefix);

  /**
   * A moment between two groups, for housekeeping. Does not throw.
   *
   * @param idle whether nothing has come for a while
   */
  void rest(boolean idle);

  @Override
  void close();
}
