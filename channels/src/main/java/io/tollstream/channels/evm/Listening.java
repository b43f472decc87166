package io.tollstream.channels.evm;

import io.tollstream.channels.Chain.Follower;
import io.tollstream.channels.ChannelId;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A follower, and what it has been told and not dealt with yet. One thread uses it. */
final class Listening {
  private static final Logger log = LoggerFactory.getLogger(Listening.class);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Channels told of at once: as many as a follower deals with in time, if its chain is slow. */
  static final int SLICE = 64;

  /** From one look at every channel to the next, whatever the chain's nodes are up to. */
  private static final Duration SWEEP_PAUSE = Duration.ofSeconds(30);

  private final Follower follower;
  private boolean owed;
  private @Nullable CompletableFuture<Void> sweep;
  private long sweptNanos = System.nanoTime() - SWEEP_PAUSE.toNanos();

  Listening(Follower follower) {
    this.follower = follower;
  }

  /**
   * Tells of channels, some at a time: what was dealt with need not be told again because the rest
   * was not.
   *
   * @param dealtWith hears which were, at once
   * @return whether all were
   */
  boolean tell(Set<ChannelId> channels, Consumer<Set<ChannelId>> dealtWith) {
    List<ChannelId> all = List.copyOf(channels);
    boolean good = true;
    for (int i = 0; i < all.size(); i += SLICE) {
      Set<ChannelId> slice = Set.copyOf(all.subList(i, Math.min(all.size(), i + SLICE)));
      long startNanos = System.nanoTime();
      if (tell(slice)) {
        dealtWith.accept(slice);
      } else if (System.nanoTime() - startNanos >= PATIENCE.toNanos() || isInterrupted()) {
        return false; // whoever has no answer to some has none to the others
      } else {
        good = false;
      }
    }
    return good;
  }

  private boolean tell(Set<ChannelId> channels) {
    try {
      start(() -> follower.touched(channels)).get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (ExecutionException | TimeoutException e) {
      log.debug("{} channels are told of again: {}", channels.size(), e.toString());
      return false;
    }
  }

  private static boolean isInterrupted() {
    return Thread.currentThread().isInterrupted();
  }

  void oweSweep() {
    owed = true;
  }

  /** Whether some channel may not have been looked at that should have been. */
  boolean isSweepOwed() {
    return owed || sweep != null;
  }

  /** Has every channel looked at, if that is due; does not wait until they are. */
  void sweepIfOwed() {
    if (sweep != null && sweep.isDone()) {
      owed |= sweep.isCompletedExceptionally();
      sweep = null;
    }
    long now = System.nanoTime();
    if (owed && sweep == null && now - sweptNanos >= SWEEP_PAUSE.toNanos()) {
      owed = false;
      sweptNanos = now;
      sweep = start(follower::missed);
    }
  }

  private static CompletableFuture<Void> start(Supplier<CompletionStage<Void>> telling) {
    try {
      return telling.get().toCompletableFuture();
    } catch (RuntimeException bug) {
      return CompletableFuture.failedFuture(bug);
    }
  }
}
