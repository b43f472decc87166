package io.tollstream.channels;

import io.tollstream.metering.Amount;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The durable store of tabs, and the one place where they change. Transitions of one channel run
 * one after the other, each on what the one before left; many channels share one commit.
 *
 * <p>A stage completes only after what its transition returned is on disk, on whatever thread: the
 * caller moves to its own. It fails with {@link LedgerUnavailable} where it is unknown whether
 * anything was written: nothing may be sold on the strength of it, and whoever asks again must ask
 * for something that can be done twice.
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

  /**
   * Who hears of what other processes do on the same ledger; on any thread, so it must be quick.
   * News can be lost with a connection: then everybody hears {@link #missedNews}.
   */
  interface Listener {
    /** Another node changed a tab on which this one has a reservation. */
    void changed(ChannelId channelId);

    /** A stream of another node needs the payer to authorize this much. */
    void demanded(ChannelId channelId, Amount required);

    /** Anything may have happened to any tab meanwhile. */
    void missedNews();

    /**
     * This process has been out of touch with the ledger for so long that others may count it as
     * dead: its streams must end now, without another byte.
     */
    void expired();
  }

  /** Runs a transition on the channel's tab and answers once its outcome is durable. */
  <R> CompletionStage<R> apply(ChannelId channelId, Transition<R> transition);

  /**
   * The name under which this process reserves now. It changes when the process was counted as
   * dead.
   *
   * @throws LedgerUnavailable if it has none at the moment
   */
  NodeId node();

  /**
   * Whether this process is the one, of all that sell on this ledger, to do what must be done once:
   * the longest there. Around a change of it there can be none, or two, for a moment.
   */
  boolean leads();

  /** Whether other processes can sell on this ledger as well. */
  boolean isShared();

  /** Who hears of other processes from now on; there is one listener. */
  void listen(Listener listener);

  /** Tells the other processes that a stream here needs this much authorized; may get lost. */
  void demand(ChannelId channelId, Amount required);

  /** Tabs in the order of their channel ids, from after the given one; at most {@code limit}. */
  CompletionStage<List<Tab>> tabs(@Nullable ChannelId after, int limit);

  /** What must be remembered and belongs to no tab. */
  Notes notes();

  /** Finishes what is under way, then closes the store. */
  @Override
  void close();
}
