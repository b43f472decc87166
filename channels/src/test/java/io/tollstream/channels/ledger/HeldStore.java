package io.tollstream.channels.ledger;

import static java.util.Objects.requireNonNull;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.MemoryNotes;
import io.tollstream.channels.Notes;
import io.tollstream.channels.Tab;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** A store in memory that writes when it is told to, and fails as it is told to. */
final class HeldStore implements TabStore {
  /** How the next write fails. */
  enum Fault {
    NONE,
    /** Nothing is written. */
    BEFORE,
    /** Everything is written, but the writer is not told so. */
    AFTER
  }

  final Map<ChannelId, StoredTab> tabs = new ConcurrentHashMap<>();
  final Notes notes = new MemoryNotes();
  final Set<ChannelId> unreadable = new HashSet<>();
  final Set<ChannelId> refused = new HashSet<>();
  final List<Integer> writes = new ArrayList<>();
  final Semaphore writing = new Semaphore(0);
  private final Semaphore allowed = new Semaphore(0);
  volatile Fault fault = Fault.NONE;
  int loads;

  void release(int count) {
    allowed.release(count);
  }

  @Override
  public Map<ChannelId, StoredTab> load(Collection<ChannelId> channelIds) {
    Map<ChannelId, StoredTab> loaded = new HashMap<>();
    for (ChannelId channelId : channelIds) {
      loads++;
      if (unreadable.contains(channelId)) {
        loaded.put(channelId, StoredTab.unreadable(new LedgerUnavailable("unreadable")));
      } else if (tabs.containsKey(channelId)) {
        loaded.put(channelId, requireNonNull(tabs.get(channelId)));
      }
    }
    return loaded;
  }

  /** What another process does, behind the back of whoever uses this store. */
  void changeElsewhere(Tab tab) {
    tabs.put(tab.id(), StoredTab.of(tab, revision(tab.id()) + 1));
  }

  private long revision(ChannelId channelId) {
    return tabs.getOrDefault(channelId, StoredTab.NONE).revision();
  }

  @Override
  public Set<ChannelId> write(List<TabChange> changes, Map<ChannelId, Long> reads) {
    Set<ChannelId> overtaken = new HashSet<>();
    reads.forEach(
        (id, revision) -> {
          if (revision(id) != revision) {
            overtaken.add(id);
          }
        });
    if (!changes.isEmpty()) {
      writeHeld(changes, overtaken);
    }
    return overtaken;
  }

  private void writeHeld(List<TabChange> changes, Set<ChannelId> overtaken) {
    writing.release();
    allowed.acquireUninterruptibly();
    Fault now = fault;
    fault = Fault.NONE;
    if (now == Fault.BEFORE) {
      throw new LedgerUnavailable("no space");
    }
    if (changes.stream().anyMatch(change -> refused.contains(change.after().id()))) {
      throw new IllegalStateException("the schema says no");
    }
    for (TabChange change : changes) {
      ChannelId id = change.after().id();
      if (revision(id) == change.revision()) {
        tabs.put(id, StoredTab.of(change.after(), change.revision() + 1));
      } else {
        overtaken.add(id);
      }
    }
    writes.add(changes.size());
    if (now == Fault.AFTER) {
      throw new LedgerUnavailable("lost touch");
    }
  }

  @Override
  public boolean swap(String name, @Nullable String expected, @Nullable String next) {
    return notes.swap(name, expected, next).toCompletableFuture().join();
  }

  @Override
  public SortedMap<String, String> notes(String prefix) {
    return notes.list(prefix).toCompletableFuture().join();
  }

  @Override
  public void rest(boolean idle) {}

  @Override
  public void close() {}
}
