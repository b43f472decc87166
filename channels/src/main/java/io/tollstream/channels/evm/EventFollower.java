package io.tollstream.channels.evm;

import io.tollstream.channels.Chain;
import io.tollstream.channels.LedgerUnavailable;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows an escrow's events by asking for them, on a thread of its own: at the network's poll
 * interval, ever more rarely while no endpoint answers.
 */
final class EventFollower implements Chain.Following {
  private static final Logger log = LoggerFactory.getLogger(EventFollower.class);

  /** Shorter than any chain's blocks take. */
  private static final long MIN_PAUSE_MILLIS = 100;

  private static final long MAX_PAUSE_MILLIS = 15_000;

  /** How often the pause doubles while something is answered, if not all. */
  private static final int MAX_PAUSES_ANSWERED = 2;

  private static final int CLOSE_SECONDS = 5;

  private final long chainId;
  private final Node node;
  private final EventRounds rounds;
  private final long pollMillis;
  private final Thread thread;
  private volatile boolean closed;
  private volatile long newest;
  private volatile long dealtWith;
  private volatile long goodNanos = System.nanoTime();
  private int failures;
  private int pauses;
  private long heads;

  private EventFollower(EvmNetwork network, Node node, EventRounds rounds) {
    this.chainId = network.chainId();
    this.node = node;
    this.rounds = rounds;
    this.pollMillis = Math.max(MIN_PAUSE_MILLIS, network.pollInterval().toMillis());
    this.thread = new Thread(this::run, "tollstream-watch-" + chainId);
    thread.setDaemon(true);
  }

  static EventFollower start(
      Node node, EvmEscrow escrow, Journal.Store store, Chain.Follower follower) {
    EventRounds rounds = new EventRounds(node, escrow, store, new Listening(follower));
    EventFollower started = new EventFollower(escrow.network(), node, rounds);
    started.thread.start();
    return started;
  }

  @Override
  public Chain.Progress progress() {
    Duration sinceGood = Duration.ofNanos(System.nanoTime() - goodNanos);
    return new Chain.Progress(newest, Math.max(0, newest - dealtWith), sinceGood);
  }

  private void run() {
    try {
      while (!closed) {
        round();
        TimeUnit.MILLISECONDS.sleep(pauseMillis());
      }
    } catch (InterruptedException end) {
      log.debug("Chain {} is followed no more", chainId);
    }
  }

  private void round() {
    long known = node.known();
    try {
      if (!rounds.round()) {
        failed("what happened could not be taken over");
      } else if (rounds.newest() < known - Rpc.MAX_LAG_BLOCKS) {
        failed("no endpoint that answers has the newest block that was told of");
      } else {
        good();
      }
    } catch (RpcFailure | LedgerUnavailable e) {
      failed(String.valueOf(e.getMessage()));
    } catch (RuntimeException bug) {
      failed("a bug");
      log.error("The events of chain {} could not be read", chainId, bug);
    }
    if (rounds.heads() > heads) {
      pauses = Math.min(pauses, MAX_PAUSES_ANSWERED);
    }
    heads = rounds.heads();
    newest = Math.max(0, rounds.newest());
    dealtWith = Math.max(0, rounds.dealtWith());
  }

  private void good() {
    if (failures > 0) {
      log.info("Chain {} is followed again", chainId);
    }
    failures = 0;
    pauses = 0;
    goodNanos = System.nanoTime();
  }

  private void failed(String why) {
    if (failures == 0 && !closed) {
      log.warn("Chain {} cannot be followed: {}", chainId, why);
    }
    failures++;
    pauses++;
  }

  private long pauseMillis() {
    long pause = pollMillis << Math.min(pauses, 16);
    return Math.max(pollMillis, Math.min(pause, MAX_PAUSE_MILLIS));
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      thread.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
