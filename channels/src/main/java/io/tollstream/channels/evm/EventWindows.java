package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.web3j.protocol.core.methods.response.Log;

/**
 * Reads an escrow's events, some blocks at a time. How many an endpoint puts up with is found out:
 * half as many where it finds them too many, a quarter more after some successes. One thread uses
 * it.
 */
final class EventWindows {
  private static final Logger log = LoggerFactory.getLogger(EventWindows.class);

  /** After as many windows of full width a wider one is tried. */
  private static final int CALM = 8;

  /** All events of some blocks, of which the last is known to whoever answered. */
  record Window(long from, long to, Set<Sighting> events) {}

  private final Node node;
  private final Address contract;
  private final EscrowEvents events;
  private final int widest;
  private long width;
  private int calm;
  private int failures;

  EventWindows(Node node, Address contract, int widest) {
    this.node = node;
    this.contract = contract;
    this.events = new EscrowEvents(contract);
    this.widest = widest;
    this.width = widest;
  }

  /**
   * The events from a block on, up to another or to one before it.
   *
   * @throws RpcFailure as too much, where even one block is
   */
  Window read(long from, long upTo) throws RpcFailure {
    while (true) {
      long to = Math.min(upTo, from + width - 1);
      try {
        Window window = node.onOne(one -> window(one, from, to));
        widenAfter(to - from + 1);
        return window;
      } catch (RpcFailure failure) {
        boolean one = to == from;
        narrowAfter(to - from + 1, failure);
        if (one || !failure.isTooMuch()) {
          throw failure;
        }
        log.debug("Events are read {} blocks at a time: {}", width, failure.getMessage());
      }
    }
  }

  private void widenAfter(long read) {
    failures = 0;
    if (read == width && ++calm >= CALM) {
      calm = 0;
      width = Math.min(widest, width + width / 4 + 1);
    }
  }

  /** A window that only fails, with whatever or nothing for an answer, may be too wide as well. */
  private void narrowAfter(long tried, RpcFailure failure) {
    calm = 0;
    if (failure.isTooMuch() || ++failures > 1) {
      failures = 0;
      width = Math.max(1, tried / 2);
    }
  }

  /**
   * A node that lags answers for the blocks it has, as if there were no others. So the last block
   * must be known before, and be the same after.
   */
  private Window window(Node one, long from, long to) throws RpcFailure {
    Node.Block last = one.block(to);
    if (last.number() < from) {
      return new Window(from, to, Set.of());
    }
    Set<Sighting> seen = events(one, from, last.number());
    if (!one.block(last.number()).hash().equals(last.hash())) {
      throw RpcFailure.unreachable("the chain changed while its events were read");
    }
    return new Window(from, to, seen);
  }

  /** In a null round nothing happens: the next block does as well. */
  private Set<Sighting> events(Node one, long from, long to) throws RpcFailure {
    for (long first = from; ; first++) {
      try {
        return readable(one.logs(contract, first, to));
      } catch (RpcFailure failure) {
        if (!failure.isNullRound() || first - from == Node.MAX_NULL_ROUNDS) {
          throw failure;
        }
        if (first == to) {
          return Set.of();
        }
      }
    }
  }

  private Set<Sighting> readable(List<Log> logs) throws RpcFailure {
    try {
      return events.sightings(logs);
    } catch (RuntimeException e) {
      throw RpcFailure.unreachable("an endpoint answered with events that cannot be read");
    }
  }
}
