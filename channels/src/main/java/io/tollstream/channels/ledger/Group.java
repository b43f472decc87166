package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Tab;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The transitions of one commit. They run in order, each on what the ones before it left; nobody
 * hears of an outcome before all of them are durable.
 */
final class Group {
  /** A tab in the middle of a group. */
  private static final class Draft {
    final StoredTab stored;
    final @Nullable Tab before;
    @Nullable Tab now;

    Draft(StoredTab stored) {
      this.stored = stored;
      this.before = stored.readable();
      this.now = before;
    }

    boolean isChanged() {
      return now != null && !now.equals(before);
    }
  }

  private final Function<ChannelId, StoredTab> stored;
  private final Map<ChannelId, Draft> drafts = new LinkedHashMap<>();
  private final List<Pending<?>> ran = new ArrayList<>();
  private final Map<Pending<?>, Throwable> failed = new LinkedHashMap<>();

  /**
   * An empty group.
   *
   * @param stored looks up a tab as it is stored
   */
  Group(Function<ChannelId, StoredTab> stored) {
    this.stored = stored;
  }

  /** Runs one more; where it, or the look-up of its tab, throws, the others are not touched. */
  void run(Pending<?> pending) {
    try {
      Draft draft = draft(pending.channelId());
      Tab next = pending.run(draft.now);
      if (next != null) {
        draft.now = next;
      }
    } catch (RuntimeException | Error failure) {
      failed.put(pending, failure);
    }
    ran.add(pending);
  }

  private Draft draft(ChannelId channelId) {
    Draft known = drafts.get(channelId);
    if (known != null) {
      return known;
    }
    Draft fresh = new Draft(stored.apply(channelId));
    drafts.put(channelId, fresh);
    return fresh;
  }

  /** What is to be made durable: the last state of each tab that is not as it was. */
  List<TabChange> changes() {
    List<TabChange> changes = new ArrayList<>();
    for (Draft draft : drafts.values()) {
      Tab now = draft.now;
      if (now != null && draft.isChanged()) {
        changes.add(new TabChange(draft.before, draft.stored.revision(), now));
      }
    }
    return changes;
  }

  /** The revisions of the tabs that stay as they are. */
  Map<ChannelId, Long> reads() {
    Map<ChannelId, Long> reads = new LinkedHashMap<>();
    drafts.forEach(
        (id, draft) -> {
          if (!draft.isChanged()) {
            reads.put(id, draft.stored.revision());
          }
        });
    return reads;
  }

  /** Tells everybody, in order, but those of some channels, who are to be run again. */
  List<Pending<?>> answerAllBut(Set<ChannelId> channels) {
    List<Pending<?>> rest = new ArrayList<>();
    for (Pending<?> pending : ran) {
      if (channels.contains(pending.channelId())) {
        rest.add(pending);
      } else {
        answer(pending);
      }
    }
    return rest;
  }

  private void answer(Pending<?> pending) {
    Throwable failure = failed.get(pending);
    if (failure == null) {
      pending.answer();
    } else {
      pending.fail(failure);
    }
  }

  /** Tells everybody, in order, that nothing was done. */
  void fail(Throwable cause) {
    ran.forEach(pending -> pending.fail(cause));
  }
}
