package io.tollstream.channels.evm;

import io.tollstream.channels.Chain;
import io.tollstream.channels.ChannelId;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Keeps what it is told, and fails if it shall. */
final class RecordingFollower implements Chain.Follower {
  private final Set<ChannelId> touched = new HashSet<>();
  private int sweeps;
  private boolean fails;

  synchronized void fail(boolean all) {
    fails = all;
  }

  /** What it was told of since it was asked last. */
  synchronized Set<ChannelId> taken() {
    Set<ChannelId> taken = Set.copyOf(touched);
    touched.clear();
    return taken;
  }

  synchronized int sweeps() {
    return sweeps;
  }

  @Override
  public synchronized CompletionStage<Void> touched(Set<ChannelId> channels) {
    touched.addAll(channels);
    return answer();
  }

  @Override
  public synchronized CompletionStage<Void> missed() {
    sweeps++;
    return answer();
  }

  private CompletionStage<Void> answer() {
    return fails
        ? CompletableFuture.failedStage(new IllegalStateException("told to fail"))
        : CompletableFuture.completedStage(null);
  }
}
