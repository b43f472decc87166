package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Refusal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What payers may cost us who let us pay the gas of their deposits (draft-evm-session-00, "Denial
 * of Service"). Each deposit is simulated before it is sent; but whoever takes the money away
 * between that and the block makes us pay for a transaction that reverts. So few may be under way,
 * few may fail, and nobody's failures count for longer than {@link #MEMORY}. It forgets with the
 * process.
 */
final class RelayBudget {
  /** Half of what the account may have pending: redemptions must never wait for deposits. */
  static final int MAX_UNDER_WAY = Outbox.MAX_PENDING / 2;

  static final int MAX_UNDER_WAY_EACH = 3;

  /** The most that revert; a payer is an address, of which anybody can have any number. */
  static final int MAX_LOSSES = 16;

  static final int MAX_LOSSES_EACH = 2;
  static final Duration MEMORY = Duration.ofHours(1);
  private static final Logger log = LoggerFactory.getLogger(RelayBudget.class);

  private final InstantSource clock;
  private final Map<String, Relay> underWay = new HashMap<>();
  private final Deque<Loss> losses = new ArrayDeque<>();

  RelayBudget(InstantSource clock) {
    this.clock = clock;
  }

  /** A transaction for one purpose, for as long as it can take one of the account's places. */
  private static final class Relay {
    private final Address payer;
    private int waiting;
    private boolean sent;
    private boolean lost;

    Relay(Address payer) {
      this.payer = payer;
    }
  }

  private record Loss(Address payer, Instant when) {}

  /** Why nothing is relayed for this payer at the moment, or null. */
  synchronized @Nullable Refusal refusal(Address payer) {
    Instant forgotten = clock.instant().minus(MEMORY);
    while (!losses.isEmpty() && losses.getFirst().when().isBefore(forgotten)) {
      losses.removeFirst();
    }
    if (losses.stream().filter(loss -> loss.payer().equals(payer)).count() >= MAX_LOSSES_EACH) {
      return unavailable("relaying for this payer, whose deposits have failed,");
    }
    return losses.size() >= MAX_LOSSES
        ? unavailable("relaying, as too many deposits failed,")
        : null;
  }

  /** Takes a place for a deposit, or joins who waits for the same; each must leave again. */
  synchronized @Nullable Refusal enter(String purpose, Address payer) {
    Relay same = underWay.get(purpose);
    if (same != null) {
      same.waiting++;
      return null;
    }
    Refusal refusal = refusal(payer);
    if (refusal != null) {
      return refusal;
    }
    long his = underWay.values().stream().filter(relay -> relay.payer.equals(payer)).count();
    if (his >= MAX_UNDER_WAY_EACH || underWay.size() >= MAX_UNDER_WAY) {
      return unavailable("relaying, with so many deposits under way,");
    }
    Relay relay = new Relay(payer);
    relay.waiting = 1;
    underWay.put(purpose, relay);
    return null;
  }

  /** From now on the place is taken until the transaction is over. */
  void sent(String purpose, Pending pending) {
    Relay relay = markSent(purpose);
    if (relay == null) {
      return; // over already
    }
    pending.whenMined(
        receipt -> {
          if (!receipt.isStatusOK()) {
            lost(relay);
          }
        });
    pending.whenOver(() -> over(purpose, relay));
  }

  private synchronized @Nullable Relay markSent(String purpose) {
    Relay relay = underWay.get(purpose);
    if (relay == null || relay.sent) {
      return null;
    }
    relay.sent = true;
    return relay;
  }

  private synchronized void lost(Relay relay) {
    if (!relay.lost) {
      relay.lost = true;
      losses.addLast(new Loss(relay.payer, clock.instant()));
      if (losses.size() == MAX_LOSSES) {
        log.warn("{} relayed deposits failed lately: nothing is relayed for a while", MAX_LOSSES);
      }
    }
  }

  private synchronized void over(String purpose, Relay relay) {
    underWay.remove(purpose, relay);
  }

  synchronized void leave(String purpose) {
    Relay relay = underWay.get(purpose);
    if (relay != null && --relay.waiting == 0 && !relay.sent) {
      underWay.remove(purpose);
    }
  }

  private static Refusal unavailable(String what) {
    return new Refusal.Unavailable(what);
  }
}
