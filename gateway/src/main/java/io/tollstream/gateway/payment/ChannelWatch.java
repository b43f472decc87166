package io.tollstream.gateway.payment;

import io.tollstream.channels.Chain;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.Tab;
import io.tollstream.gateway.payment.ChannelLook.Outcome;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides when a channel is looked at: when its chain says that something happened to it; every few
 * seconds while its payer is leaving, a close of it is pending, its deposit is lost or its chain
 * does not answer; and in any case once in a while, with all the others.
 */
public final class ChannelWatch {
  private static final Logger LOG = LoggerFactory.getLogger(ChannelWatch.class);

  /** Channels read from their chain at the same time, by whoever asks for it. */
  private static final int AT_ONCE = 16;

  private static final Duration TICK = Duration.ofSeconds(15);

  /** A chain that has not been followed for as long may hide somebody who leaves. */
  private static final Duration BLIND_AFTER = Duration.ofSeconds(60);

  /** A quarter of the shortest grace period. */
  private static final Duration BLIND_SWEEP = Duration.ofSeconds(150);

  /** Channels that are looked at at every tick; with more, all are looked at more often. */
  private static final int MAX_AGAIN = 16_384;

  /** For how many looks, 2 minutes, a lost deposit may come back from a node that only lags. */
  private static final int LOST_LOOKS = 8;

  private final Tabs tabs;
  private final Payments payments;
  private final ChannelLook look;
  private final Map<Escrow, Chain> chains = new HashMap<>();
  private final LongSupplier nanoClock;

  /** Those that are looked at at every tick, and how often at least. */
  private final Map<ChannelId, Integer> again = new ConcurrentHashMap<>();

  /** For each channel the look that is under way, or begins next, and the one behind it. */
  private final Map<ChannelId, Future<Outcome>> underWay = new HashMap<>();

  private final Map<ChannelId, Future<Outcome>> behind = new HashMap<>();
  private final Map<Escrow, Chain.Following> followings = new ConcurrentHashMap<>();
  private volatile Future<Boolean> ticking = Future.succeededFuture(true);
  private Future<Void> sweep = Future.succeededFuture();
  private @Nullable Future<Void> nextSweep;
  private volatile long sweptNanos;

  /** A watch over chains, whether anything is sold on them or not. */
  ChannelWatch(Tabs tabs, Payments payments, Collection<Chain> chains) {
    this(tabs, payments, chains, System::nanoTime);
  }

  ChannelWatch(Tabs tabs, Payments payments, Collection<Chain> chains, LongSupplier nanoClock) {
    chains.forEach(chain -> this.chains.put(chain.escrow(), chain));
    this.tabs = tabs;
    this.payments = payments;
    this.look = new ChannelLook(tabs, new Departures(tabs, payments, nanoClock), this.chains);
    this.nanoClock = nanoClock;
  }

  /** Follows the chains from now on; looks at every channel now, and once in {@code each}. */
  public void start(Vertx vertx, Duration each) {
    follow();
    sweep();
    vertx.setPeriodic(Math.min(TICK.toMillis(), each.toMillis()), timer -> tick(each));
  }

  void follow() {
    chains.forEach((escrow, chain) -> followings.put(escrow, chain.follow(new Events())));
  }

  /** How far each escrow has been followed. */
  public Map<Escrow, Chain.Progress> progress() {
    Map<Escrow, Chain.Progress> progress = new HashMap<>();
    followings.forEach((escrow, following) -> progress.put(escrow, following.progress()));
    return progress;
  }

  /** What the chains say, each on a thread of its own. */
  private final class Events implements Chain.Follower {
    @Override
    public CompletionStage<Void> touched(Set<ChannelId> channels) {
      return lookAt(List.copyOf(channels))
          .<Void>compose(
              all -> all ? Future.succeededFuture() : Future.failedFuture("not all could be read"))
          .toCompletionStage();
    }

    @Override
    public CompletionStage<Void> missed() {
      return sweep().toCompletionStage();
    }
  }

  /**
   * Looks at those who need it soon, and at all if that is due.
   *
   * @return when the former have been looked at
   */
  Future<Boolean> tick(Duration each) {
    if (ticking.isComplete()) {
      Set<ChannelId> soon = new HashSet<>(again.keySet());
      soon.addAll(payments.takeCutShort());
      ticking = lookAt(List.copyOf(soon));
    }
    boolean often = again.size() >= MAX_AGAIN || isBlind();
    Duration pause = often && BLIND_SWEEP.compareTo(each) < 0 ? BLIND_SWEEP : each;
    if (nanoClock.getAsLong() - sweptNanos >= pause.toNanos() && isIdle()) {
      sweep();
    }
    return ticking;
  }

  private boolean isBlind() {
    return progress().values().stream()
        .anyMatch(each -> each.sinceGood().compareTo(BLIND_AFTER) > 0);
  }

  private synchronized boolean isIdle() {
    return sweep.isComplete();
  }

  /** Looks at every channel; where that is going on already, once more behind it. */
  private synchronized Future<Void> sweep() {
    if (sweep.isComplete()) {
      sweep = sweepInAnyCase();
      return sweep;
    }
    if (nextSweep == null) {
      Promise<Void> next = Promise.promise();
      nextSweep = next.future();
      sweep.onComplete(done -> beginNext().onComplete(next));
    }
    return nextSweep;
  }

  private synchronized Future<Void> beginNext() {
    nextSweep = null;
    sweep = sweepInAnyCase();
    return sweep;
  }

  private Future<Void> sweepInAnyCase() {
    sweptNanos = nanoClock.getAsLong();
    return round().onFailure(failure -> LOG.warn("A round over the channels failed", failure));
  }

  /** Looks at every channel once. */
  public Future<Void> round() {
    return tabs.eachPage(
        page -> lookAt(page.stream().filter(ChannelWatch::isAlive).map(Tab::id).toList()));
  }

  /** Whether something can still happen to it; one that ended unpaid may not have ended. */
  private static boolean isAlive(Tab tab) {
    return !(tab.phase() instanceof Tab.Phase.Closed) || tab.isUnpaid();
  }

  /** Looks at these, some at a time; whether all could be read. */
  private Future<Boolean> lookAt(List<ChannelId> ids) {
    Future<Boolean> all = Future.succeededFuture(true);
    for (int i = 0; i < ids.size(); i += AT_ONCE) {
      List<ChannelId> some = ids.subList(i, Math.min(ids.size(), i + AT_ONCE));
      all = all.compose(before -> lookAtOnce(some).map(now -> before && now));
    }
    return all;
  }

  private Future<Boolean> lookAtOnce(List<ChannelId> some) {
    List<Future<Outcome>> looks = some.stream().map(this::lookAt).toList();
    return Future.join(looks)
        .map(done -> looks.stream().noneMatch(each -> each.result() == Outcome.UNREAD));
  }

  /**
   * Looks at a channel, after whoever looks at it already: what was read last must be what is taken
   * over last. Whoever asks meanwhile gets the one look behind. Never fails; one channel's trouble
   * is not the others'.
   */
  private Future<Outcome> lookAt(ChannelId id) {
    Promise<Outcome> mine = Promise.promise();
    Future<Outcome> before;
    synchronized (underWay) {
      before = underWay.putIfAbsent(id, mine.future());
      Future<Outcome> waiting = before == null ? null : behind.putIfAbsent(id, mine.future());
      if (waiting != null) {
        return waiting;
      }
    }
    if (before == null) {
      lookNow(id, mine);
    } else {
      before.onComplete(done -> lookNow(id, mine));
    }
    return mine.future();
  }

  private void lookNow(ChannelId id, Promise<Outcome> mine) {
    tabs.find(id)
        .compose(tab -> tab.map(look::at).orElseGet(() -> Future.succeededFuture(Outcome.DONE)))
        .recover(failure -> Future.succeededFuture(failed(id, failure)))
        .onSuccess(
            outcome -> {
              plan(id, outcome);
              letNextBegin(id);
              mine.complete(outcome);
            });
  }

  private void letNextBegin(ChannelId id) {
    synchronized (underWay) {
      Future<Outcome> next = behind.remove(id);
      if (next == null) {
        underWay.remove(id);
      } else {
        underWay.put(id, next);
      }
    }
  }

  private static Outcome failed(ChannelId id, Throwable failure) {
    LOG.warn("Channel {} could not be looked at", id, failure);
    return failure instanceof LedgerUnavailable ? Outcome.UNREAD : Outcome.DONE;
  }

  private void plan(ChannelId id, Outcome outcome) {
    boolean known = again.containsKey(id);
    if (outcome != Outcome.DONE && !known && again.size() < MAX_AGAIN) {
      again.put(id, outcome == Outcome.LOST ? LOST_LOOKS : 1);
    } else if (known && (outcome == Outcome.DONE || outcome == Outcome.LOST)) {
      again.computeIfPresent(id, (any, left) -> left > 1 ? left - 1 : null);
    }
  }
}
