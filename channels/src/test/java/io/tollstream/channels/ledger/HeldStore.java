package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.Tab;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

  final Map<ChannelId, Tab> tabs = new HashMap<>();
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
  public @Nullable Tab load(ChannelId channelId) {
    loads++;
    if (unreadable.contains(channelId)) {
      throw new LedgerUnavailable("unreadable");
    }
    return tabs.get(channelId);
  }

  @Override
  public void write(List<TabChange> changes) {
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
    changes.forEach(change -> tabs.put(change.after().id(), change.after()));
    writes.add(changes.size());
    if (now == Fault.AFTER) {
      throw new LedgerUnavailable("lost touch");
    }
  }

  @Override
  public void rest(boolean idle) {}

  @Override
  public void close() {}
}
