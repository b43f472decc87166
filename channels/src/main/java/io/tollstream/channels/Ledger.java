package io.tollstream.channels;

import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The durable store of tabs, and the one place where they change. Transitions of one channel run
 * one after the other, each on what the one before left; many channels share one commit.
 *
 * <p>A stage completes only after what its transition returned is on disk, on whatever thread: the
 * caller moves to its own. It fails with {@link LedgerUnavailable} when nothing was, or may have
 * been, written, and then nothing may be sold on the strength of it.
 */
public interface Ledger extends AutoCloseable {

  /**
   * A pure step: the tab as it stands (null when there is none) to the tab as it shall stand and an
   * answer. It may run more than once and must not have effects.
   */
  @FunctionalInterface
  interface Transition<R> {
    Step<R> apply(@Nullable Tab tab);
  }

  /**
   * What a transition decided.
   *
   * @param tab the tab as it shall stand, or null to leave things as they are
   */
  record Step<R>(@Nullable Tab tab, R answer) {
    public static <R> Step<R> keep(R answer) {
      return new Step<>(null, answer);
    }
  }

  /** Runs a transition on the channel's tab and answers once its outcome is durable. */
  <R> CompletionStage<R> apply(ChannelId channelId, Transition<R> transition);

  /** Tabs in the order of their channel ids, from after the given one; at most {@code limit}. */
  CompletionStage<List<Tab>> tabs(@Nullable ChannelId after, int limit);

  /** Finishes what is under way, then closes the store. */
  @Override
  void close();
}
