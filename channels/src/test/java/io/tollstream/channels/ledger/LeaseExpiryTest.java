package io.tollstream.channels.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.NodeId;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Before a new name is taken, the end of the one before is told: once, however short that is. */
@Timeout(120)
final class LeaseExpiryTest {
  private static final int ROUNDS = 2_000;
  private static final Duration LENGTH = Duration.ofSeconds(100);

  private final AtomicInteger told = new AtomicInteger();
  private final Lease lease = new Lease(LENGTH, told::incrementAndGet);

  @AfterEach
  void close() {
    lease.close();
  }

  @Test
  void begin_atOnceAfterTheDatabaseEndedTheOneBefore_comesAfterThatWasTold() {
    for (int ended = 0; ended < ROUNDS; ended++) {
      NodeId node = PostgresNode.randomId();
      lease.begin(node, System.nanoTime());
      assertEquals(node, lease.node());
      assertEquals(ended, told.get());
      lease.end(node);
    }
  }

  @Test
  void begin_atTheVeryEndOfTheOneBefore_comesAfterThatWasTold() {
    for (int lapsed = 0; lapsed < ROUNDS; lapsed++) {
      lease.begin(PostgresNode.randomId(), sentWithLeft(Duration.ofNanos(50_000)));
      assertTrue(told.get() >= lapsed, "told of %s, lapsed: %d".formatted(told, lapsed));
      while (lease.isHeld()) {
        Thread.onSpinWait();
      }
    }
    lease.begin(PostgresNode.randomId(), System.nanoTime());
    assertEquals(ROUNDS, told.get());
  }

  /** The moment of a renewal whose lease has this much left now. */
  private static long sentWithLeft(Duration left) {
    return System.nanoTime() - LENGTH.toNanos() * 9 / 10 + left.toNanos();
  }

  @Test
  void begin_afterAListenerThatFailed_isTakenAndItsEndIsToldToo() {
    AtomicInteger failed = new AtomicInteger();
    Runnable fails =
        () -> {
          failed.incrementAndGet();
          throw new IllegalStateException("a listener's bug");
        };
    try (Lease watched = new Lease(LENGTH, fails)) {
      for (int ended = 0; ended < 3; ended++) {
        NodeId node = PostgresNode.randomId();
        watched.begin(node, System.nanoTime());
        assertEquals(ended, failed.get());
        assertEquals(node, watched.node());
        watched.end(node);
      }
    }
  }
}
