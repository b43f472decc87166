package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Ledger.Transition;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.Tab;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One thread that runs transitions and makes them durable in groups. While a commit waits for the
 * disk, transitions queue up; the next group takes all that have come. So a lone payer waits for
 * one write only, and the more there are, the more of them share it: the rate of the disk's writes
 * bounds how soon an answer comes, not how many come.
 */
final class GroupCommit implements AutoCloseable {
  /** How long the writer waits for work before it looks up, in milliseconds. */
  private static final long NAP_MILLIS = 50;

  private final TabStore store;
  private final TabCache cache;
  private final BlockingQueue<Pending<?>> queue;
  private final int queueLength;
  private final int groupLength;
  private final CommitListener listener;
  private final Thread writer;
  private volatile boolean closing;
  private volatile boolean ended;

  GroupCommit(TabStore store, SqliteLedger.Settings settings, CommitListener listener) {
    this.store = store;
    this.cache = new TabCache(settings.cachedTabs());
    this.queueLength = settings.queueLength();
    this.queue = new ArrayBlockingQueue<>(queueLength);
    this.groupLength = settings.groupLength();
    this.listener = listener;
    this.writer = new Thread(this::work, "ledger-writer");
    writer.setDaemon(true);
    writer.start();
  }

  <R> CompletionStage<R> submit(ChannelId channelId, Transition<R> transition) {
    Pending<R> pending = new Pending<>(channelId, transition);
    if (closing) {
      pending.fail(closed());
    } else if (!queue.offer(pending)) {
      pending.fail(
          new LedgerUnavailable("the ledger is busy: " + queueLength + " transitions wait"));
    } else if (ended) {
      refuseTheRest();
    }
    return pending.stage();
  }

  private static LedgerUnavailable closed() {
    return new LedgerUnavailable("the ledger is closed");
  }

  private void work() {
    List<Pending<?>> taken = new ArrayList<>(groupLength);
    while (!closing || !queue.isEmpty()) {
      take(taken);
      boolean idle = taken.isEmpty();
      if (!idle) {
        commit(taken);
        taken.clear();
      }
      store.rest(idle);
    }
    ended = true;
    refuseTheRest();
  }

  private void take(List<Pending<?>> taken) {
    try {
      Pending<?> first = queue.poll(NAP_MILLIS, TimeUnit.MILLISECONDS);
      if (first != null) {
        taken.add(first);
        queue.drainTo(taken, groupLength - 1);
      }
    } catch (InterruptedException nobodysBusiness) {
      // Only close() ends the writer; an interrupt left by somebody's continuation does not.
    }
  }

  private void commit(List<Pending<?>> taken) {
    Group group = new Group(this::stored);
    taken.forEach(group::run);
    long start = System.nanoTime();
    try {
      write(group.changes());
    } catch (LedgerUnavailable unavailable) {
      cache.clear();
      group.fail(unavailable);
      return;
    } catch (RuntimeException | Error refused) {
      cache.clear();
      retryApart(taken, group, refused);
      return;
    }
    long nanos = System.nanoTime() - start;
    group.answer();
    tell(taken.size(), nanos);
  }

  /** The store refused somebody's change: the others must not suffer for it. */
  private void retryApart(List<Pending<?>> taken, Group group, Throwable refused) {
    if (taken.size() == 1) {
      group.fail(new LedgerUnavailable("the ledger refused the change", refused));
    } else {
      taken.forEach(pending -> commit(List.of(pending)));
    }
  }

  private void write(List<TabChange> changes) {
    if (!changes.isEmpty()) {
      store.write(changes);
      changes.forEach(change -> cache.put(change.after()));
    }
  }

  private void tell(int transitions, long nanos) {
    try {
      listener.committed(transitions, nanos, queue.size());
    } catch (RuntimeException notOurs) {
      // What counts the ledger's work must not be able to stop it.
    }
  }

  private @Nullable Tab stored(ChannelId channelId) {
    Tab cached = cache.get(channelId);
    if (cached != null) {
      return cached;
    }
    Tab loaded = store.load(channelId);
    if (loaded != null) {
      cache.put(loaded);
    }
    return loaded;
  }

  private void refuseTheRest() {
    for (Pending<?> late = queue.poll(); late != null; late = queue.poll()) {
      late.fail(closed());
    }
  }

  /** Refuses what comes, finishes what has come, then closes the store. */
  @Override
  public void close() {
    if (Thread.currentThread() == writer) {
      throw new IllegalStateException("the ledger's writer cannot wait for itself to end");
    }
    closing = true;
    boolean interrupted = false;
    while (writer.isAlive()) {
      try {
        writer.join();
      } catch (InterruptedException wait) {
        interrupted = true;
      }
    }
    store.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
