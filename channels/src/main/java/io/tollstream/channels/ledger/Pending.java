package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.Ledger.Transition;
import io.tollstream.channels.Tab;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A transition that waits for its group, and what came of it. */
final class Pending<R> {
  private final ChannelId channelId;
  private final Transition<R> transition;
  private final CompletableFuture<R> future = new CompletableFuture<>();
  private @Nullable R answer;

  Pending(ChannelId channelId, Transition<R> transition) {
    this.channelId = channelId;
    this.transition = transition;
  }

  ChannelId channelId() {
    return channelId;
  }

  CompletionStage<R> stage() {
    return future;
  }

  /**
   * Runs the transition and keeps its answer.
   *
   * @return the tab as it shall stand, or null to leave things as they are
   */
  @Nullable Tab run(@Nullable Tab tab) {
    Step<R> step = transition.apply(tab);
    if (step.tab() != null && !step.tab().id().equals(channelId)) {
      throw new IllegalStateException(
          "a transition of " + channelId + " returned the tab of " + step.tab().id());
    }
    answer = step.answer();
    return step.tab();
  }

  /** Gives the kept answer; the outcome is durable. */
  void answer() {
    future.complete(answer);
  }

  void fail(Throwable cause) {
    future.completeExceptionally(cause);
  }
}
