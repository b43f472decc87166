package io.tollstream.channels.evm;

import io.tollstream.channels.Chain;
import io.tollstream.channels.ChannelId;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Keeps what it is told, and fails if it shall. */
final class RecordingFollower implements Chain.Follower {
  private final Set<ChannelId> touched = new HashSet<>();
  private int sweeps;
  private boolean fails;
  private @Nullable ChannelId failing;
  private int most;

  synchronized void fail(boolean all) {
    fails = all;
  }

  /** From now on whatever is told along with this channel is told in vain. */
  synchronized void failFor(@Nullable ChannelId one) {
    failing = one;
  }

  /** The most channels that it was ever told of at once. */
  synchronized int most() {
    return most;
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
    most = Math.max(most, channels.size());
    return failing != null && channels.contains(failing) ? inVain() : answer();
  }

  @Override
  public synchronized CompletionStage<Void> missed() {
    sweeps++;
    return answer();
  }

  private CompletionStage<Void> answer() {
    return fails ? inVain() : CompletableFuture.completedStage(null);
  }

  private static CompletionStage<Void> inVain() {
    return CompletableFuture.failedStage(new IllegalStateException("told to fail"));
  }
}
