package io.tollstream.channels.evm;

import io.tollstream.channels.evm.ChainHealth.Failure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the endpoints tell of one chain. Where two give different blocks for a number that both
 * call final, one of them lies or is on a fork, and nobody here can say which: so no new deposit
 * counts until they agree again. Asked before whatever could make one count, it compares them now
 * and then.
 */
final class Agreement {
  static final long INTERVAL_NANOS = Duration.ofSeconds(10).toNanos();

  /** Deposits wait meanwhile. */
  private static final long BROKEN_INTERVAL_NANOS = Duration.ofSeconds(1).toNanos();

  private static final Logger log = LoggerFactory.getLogger(Agreement.class);

  private final Rpc rpc;
  private final Node node;
  private final Finality finality;
  private final LongSupplier nanoTime;
  private long dueNanos;
  private boolean broken;

  Agreement(Rpc rpc, Node node, Finality finality, LongSupplier nanoTime) {
    this.rpc = rpc;
    this.node = node;
    this.finality = finality;
    this.nanoTime = nanoTime;
    this.dueNanos = nanoTime.getAsLong();
  }

  /** What an endpoint takes for final. */
  private record View(Node node, long finalBlock) {}

  /** Blocks its caller while it compares. */
  synchronized boolean isBroken() {
    if (rpc.endpoints().size() > 1 && nanoTime.getAsLong() - dueNanos >= 0) {
      check();
      dueNanos = nanoTime.getAsLong() + (broken ? BROKEN_INTERVAL_NANOS : INTERVAL_NANOS);
    }
    return broken;
  }

  /** As it was when they were last compared. */
  synchronized boolean wasBroken() {
    return broken;
  }

  /**
   * Refuses to go on where they disagree.
   *
   * @throws RpcFailure if they do
   */
  void require() throws RpcFailure {
    if (isBroken()) {
      throw RpcFailure.unreachable("the RPC endpoints disagree about the chain: new deposits wait");
    }
  }

  /** Compares now; where fewer than two can be asked, nothing is learnt. */
  private void check() {
    List<View> views = views();
    if (views.size() < 2) {
      return;
    }
    long common = views.stream().mapToLong(View::finalBlock).min().orElseThrow();
    List<String> hashes = new ArrayList<>();
    for (View view : views) {
      try {
        hashes.add(view.node().block(common).hash());
      } catch (RpcFailure unknown) {
        log.debug("A block cannot be compared: {}", unknown.getMessage());
      }
    }
    if (hashes.size() > 1) {
      concluded(hashes.stream().distinct().count() > 1, common);
    }
  }

  private List<View> views() {
    List<View> views = new ArrayList<>();
    for (Endpoint endpoint : rpc.endpoints()) {
      Node one = node.on(endpoint);
      try {
        if (isWorthAsking(endpoint)) {
          views.add(new View(one, one.ownFinalBlock(rpc.survey(endpoint), finality)));
        }
      } catch (RpcFailure absent) {
        log.debug("An endpoint cannot be compared: {}", absent.getMessage());
      }
    }
    return views;
  }

  /** A dead endpoint would hold up every deposit until it times out. */
  private static boolean isWorthAsking(Endpoint endpoint) {
    ChainHealth.Endpoint health = endpoint.health().snapshot();
    return !health.demoted() || health.lastFailure() == Failure.LAGS;
  }

  private void concluded(boolean differ, long block) {
    if (differ && !broken) {
      log.error(
          "The RPC endpoints disagree about block {}: no new deposit counts until they agree."
              + " One of them lies or is on a fork; take it out of the configuration",
          block);
    } else if (!differ && broken) {
      log.info("The RPC endpoints agree again, about block {}", block);
    }
    broken = differ;
  }
}
