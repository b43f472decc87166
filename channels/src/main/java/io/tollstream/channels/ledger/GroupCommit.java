package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Ledger.Transition;
import io.tollstream.channels.LedgerUnavailable;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * One thread that runs transitions and makes them durable in groups. While a commit waits for the
 * disk, transitions queue up; the next group takes all that have come. So a lone payer waits for
 * one write only, and the more there are, the more of them share it: the rate of the disk's writes
 * bounds how soon an answer comes, not how many come.
 */
final class GroupCommit implements AutoCloseable {
  /** What it may hold; each is above zero. */
  interface Bounds {
    /** The most transitions that wait; one more fails at once. */
    int queueLength();

    /** The most transitions that share a commit. */
    int groupLength();

    /** The most tabs held in memory. */
    int cachedTabs();
  }

  /** How long the writer waits for work before it looks up, in milliseconds. */
  private static final long NAP_MILLIS = 50;

  /** How often a transition runs when other processes keep changing its tab. */
  private static final int MAX_TRIES = 16;

  /** The most asides that wait; one more fails at once. */
  static final int MAX_ASIDES = 1_024;

  private final TabStore store;
  private final TabCache cache;
  private final BlockingQueue<Pending<?>> queue;
  private final BlockingQueue<Aside<?>> asides = new ArrayBlockingQueue<>(MAX_ASIDES);
  private final int queueLength;
  private final int groupLength;
  private final CommitListener listener;
  private final Thread writer;
  private volatile boolean closing;
  private volatile boolean ended;

  GroupCommit(TabStore store, Bounds bounds, CommitListener listener) {
    this.store = store;
    this.cache = new TabCache(bounds.cachedTabs());
    this.queueLength = bounds.queueLength();
    this.queue = new ArrayBlockingQueue<>(queueLength);
    this.groupLength = bounds.groupLength();
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

  /** Does something else with the store, between two groups and on the writer's thread. */
  <R> CompletionStage<R> aside(Function<TabStore, R> work) {
    Aside<R> waiting = new Aside<>(work, new CompletableFuture<>());
    if (closing) {
      waiting.fail(closed());
    } else if (!asides.offer(waiting)) {
      waiting.fail(new LedgerUnavailable("the ledger is busy: " + MAX_ASIDES + " notes wait"));
    } else if (ended) {
      refuseTheRest();
    }
    return waiting.done();
  }

  /** Work on the store that is not a transition. */
  private record Aside<R>(Function<TabStore, R> work, CompletableFuture<R> done) {
    void run(TabStore store) {
      R result;
      try {
        result = work.apply(store);
      } catch (RuntimeException | Error failure) {
        fail(failure);
        return;
      }
      done.complete(result);
    }

    void fail(Throwable cause) {
      done.completeExceptionally(cause);
    }
  }

  private static LedgerUnavailable closed() {
    return new LedgerUnavailable("the ledger is closed");
  }

  private void work() {
    List<Pending<?>> taken = new ArrayList<>(groupLength);
    while (!closing || !queue.isEmpty() || !asides.isEmpty()) {
      runAsides();
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

  /** All that wait now, and none that come meanwhile: transitions have waited as well. */
  private void runAsides() {
    List<Aside<?>> waiting = new ArrayList<>();
    asides.drainTo(waiting);
    waiting.forEach(each -> each.run(store));
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

  /** Commits a group, and again those of its channels at which another process was quicker. */
  private void commit(List<Pending<?>> taken) {
    List<Pending<?>> rest = taken;
    for (int tries = 0; tries < MAX_TRIES && !rest.isEmpty(); tries++) {
      rest = commitOnce(rest);
    }
    rest.forEach(pending -> pending.fail(overtaken()));
  }

  private static LedgerUnavailable overtaken() {
    return new LedgerUnavailable(
        "the ledger is busy: other gateways changed the tab " + MAX_TRIES + " times meanwhile");
  }

  /** What is left to be done again. */
  private List<Pending<?>> commitOnce(List<Pending<?>> taken) {
    Group group;
    long start = System.nanoTime();
    Set<ChannelId> overtaken;
    try {
      Map<ChannelId, StoredTab> loaded = load(taken);
      group = new Group(id -> stored(id, loaded));
      taken.forEach(group::run);
      overtaken = store.write(group.changes(), group.reads());
      remember(loaded, group.changes(), overtaken);
    } catch (LedgerUnavailable unavailable) {
      cache.clear();
      taken.forEach(pending -> pending.fail(unavailable));
      return List.of();
    } catch (RuntimeException | Error refused) {
      cache.clear();
      retryApart(taken, refused);
      return List.of();
    }
    long nanos = System.nanoTime() - start;
    List<Pending<?>> rest = group.answerAllBut(overtaken);
    tell(taken.size() - rest.size(), nanos);
    return rest;
  }

  /** The store refused somebody's change: the others must not suffer for it. */
  private void retryApart(List<Pending<?>> taken, Throwable refused) {
    if (taken.size() == 1) {
      taken.get(0).fail(new LedgerUnavailable("the ledger refused the change", refused));
    } else {
      taken.forEach(pending -> commit(List.of(pending)));
    }
  }

  private Map<ChannelId, StoredTab> load(List<Pending<?>> taken) {
    Set<ChannelId> missing = new LinkedHashSet<>();
    for (Pending<?> pending : taken) {
      if (cache.get(pending.channelId()) == null) {
        missing.add(pending.channelId());
      }
    }
    return missing.isEmpty() ? Map.of() : store.load(missing);
  }

  private StoredTab stored(ChannelId channelId, Map<ChannelId, StoredTab> loaded) {
    StoredTab cached = cache.get(channelId);
    return cached == null ? loaded.getOrDefault(channelId, StoredTab.NONE) : cached;
  }

  private void remember(
      Map<ChannelId, StoredTab> loaded, List<TabChange> changes, Set<ChannelId> overtaken) {
    loaded.forEach(
        (id, stored) -> {
          if (stored.unreadable() == null && stored.tab() != null) {
            cache.put(id, stored);
          }
        });
    for (TabChange change : changes) {
      cache.put(change.after().id(), StoredTab.of(change.after(), change.revision() + 1));
    }
    overtaken.forEach(cache::remove);
  }

  private void tell(int transitions, long nanos) {
    try {
      listener.committed(transitions, nanos, queue.size());
    } catch (RuntimeException notOurs) {
      // What counts the ledger's work must not be able to stop it.
    }
  }

  private void refuseTheRest() {
    for (Pending<?> late = queue.poll(); late != null; late = queue.poll()) {
      late.fail(closed());
    }
    for (Aside<?> late = asides.poll(); late != null; late = asides.poll()) {
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
