package io.tollstream.channels.ledger;

import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.NodeId;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How long this process may count on being counted as alive. The database's clock says when others
 * count it as dead; here its own monotonic clock runs from before a renewal was sent, for a tenth
 * less than the lease: so it is over here before it is over there, however long the renewal took,
 * and though the two clocks run at a somewhat different pace. Nobody has to look: a thread that
 * does nothing else tells when it is over, once for each that has begun.
 */
final class Lease implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Lease.class);
  private static final int MARGIN = 10;

  /** A lease under a name. */
  private record Held(NodeId node, long endNanos) {
    long remainingNanos() {
      return endNanos - System.nanoTime();
    }
  }

  private final long usableNanos;
  private final Runnable expired;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition moved = lock.newCondition();
  private final Thread watch = new Thread(this::watch, "ledger-lease");
  private volatile @Nullable Held held;
  private boolean telling;
  private boolean closed;

  /**
   * Not held yet.
   *
   * @param length by the database's clock
   * @param expired hears, on another thread, that a lease is over before it was renewed
   */
  Lease(Duration length, Runnable expired) {
    this.usableNanos = length.toNanos() - length.toNanos() / MARGIN;
    this.expired = expired;
    watch.setDaemon(true);
    watch.start();
  }

  /**
   * The name under which it is held.
   *
   * @throws LedgerUnavailable if it is not
   */
  NodeId node() {
    Held now = held;
    if (now == null || now.remainingNanos() <= 0) {
      throw new LedgerUnavailable("this node has been out of touch with the ledger's database");
    }
    return now.node();
  }

  boolean isHeld() {
    Held now = held;
    return now != null && now.remainingNanos() > 0;
  }

  /** The name under which it is held, or null. */
  @Nullable NodeId holder() {
    Held now = held;
    return now == null ? null : now.node();
  }

  /**
   * The database took down a new name. Nobody gets it before the end of the one before is told:
   * what goes on under the old name would not be known from what begins under the new one.
   */
  void begin(NodeId node, long sentNanos) {
    lock.lock();
    try {
      while (!closed && (telling || isOver(held))) {
        moved.signalAll();
        moved.awaitUninterruptibly();
      }
      set(new Held(node, sentNanos + usableNanos));
    } finally {
      lock.unlock();
    }
  }

  private static boolean isOver(@Nullable Held lease) {
    return lease != null && lease.remainingNanos() <= 0;
  }

  /** The database renewed it; one that has been over meanwhile stays over. */
  void renew(NodeId node, long sentNanos) {
    lock.lock();
    try {
      if (node.equals(holder()) && isHeld()) {
        set(new Held(node, sentNanos + usableNanos));
      }
    } finally {
      lock.unlock();
    }
  }

  private void set(Held next) {
    lock.lock();
    try {
      held = next;
      moved.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The database says that it is over. */
  void end(NodeId node) {
    lock.lock();
    try {
      if (node.equals(holder())) {
        set(new Held(node, System.nanoTime()));
      }
    } finally {
      lock.unlock();
    }
  }

  private void watch() {
    while (awaitEnd()) {
      try {
        expired.run();
      } catch (RuntimeException e) {
        LOG.error("It could not be told that this node's lease is over", e);
      } finally {
        told();
      }
    }
  }

  private void told() {
    lock.lock();
    try {
      telling = false;
      moved.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Whether a lease is over; false once nobody wants to know. */
  private boolean awaitEnd() {
    lock.lock();
    try {
      while (!closed) {
        Held now = held;
        long remaining = now == null ? Long.MAX_VALUE : now.remainingNanos();
        if (remaining <= 0) {
          held = null;
          telling = true;
          return true;
        }
        try {
          moved.awaitNanos(remaining);
        } catch (InterruptedException nobodyDoesThat) {
          // Then it looks again, and waits again.
        }
      }
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** Forgets it without a word. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      held = null;
      moved.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
