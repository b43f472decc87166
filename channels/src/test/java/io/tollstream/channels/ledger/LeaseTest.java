package io.tollstream.channels.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.NodeId;
import io.tollstream.channels.Samples;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class LeaseTest {
  private static final NodeId NODE = Samples.NODE;
  private static final Duration LENGTH = Duration.ofSeconds(20);

  private final BlockingQueue<Long> expired = new LinkedBlockingQueue<>();
  private final Lease lease = new Lease(LENGTH, () -> expired.add(System.nanoTime()));

  @AfterEach
  void close() {
    lease.close();
  }

  /** The moment of a renewal whose lease has this much left now. */
  private static long sentWithLeft(Duration left) {
    return System.nanoTime() - LENGTH.toNanos() * 9 / 10 + left.toNanos();
  }

  @Test
  void node_neverBegun_isNone() {
    assertThrows(LedgerUnavailable.class, lease::node);
    assertFalse(lease.isHeld());
  }

  @Test
  void begin_lapses_tellsOnceATenthBeforeTheEnd() throws InterruptedException {
    long sent = sentWithLeft(Duration.ofMillis(200));
    lease.begin(NODE, sent);
    assertEquals(NODE, lease.node());
    long at = Heard.next(expired);
    assertTrue(at - sent >= LENGTH.toNanos() * 9 / 10);
    assertTrue(at - sent < LENGTH.toNanos());
    assertThrows(LedgerUnavailable.class, lease::node);
    lease.end(NODE);
    assertTrue(expired.isEmpty());
  }

  @Test
  void begin_overAlready_isNotHeldForAMoment() throws InterruptedException {
    lease.begin(NODE, System.nanoTime() - LENGTH.toNanos());
    assertThrows(LedgerUnavailable.class, lease::node);
    Heard.next(expired);
  }

  @Test
  void renew_beforeItLapses_runsFromWhenItWasSent() throws InterruptedException {
    lease.begin(NODE, sentWithLeft(Duration.ofMillis(500)));
    long sent = sentWithLeft(Duration.ofSeconds(2));
    lease.renew(NODE, sent);
    assertTrue(Heard.next(expired) - sent >= LENGTH.toNanos() * 9 / 10);
  }

  @Test
  void renew_afterItLapsed_changesNothing() throws InterruptedException {
    lease.begin(NODE, System.nanoTime() - LENGTH.toNanos());
    Heard.next(expired);
    lease.renew(NODE, System.nanoTime());
    assertThrows(LedgerUnavailable.class, lease::node);
  }

  @Test
  void renew_ofANameBefore_changesNothing() throws InterruptedException {
    NodeId next = new NodeId("0x" + "0e".repeat(16));
    lease.begin(NODE, System.nanoTime());
    lease.begin(next, sentWithLeft(Duration.ofMillis(200)));
    lease.renew(NODE, System.nanoTime());
    assertEquals(next, lease.node());
    Heard.next(expired);
    lease.end(NODE);
    assertFalse(lease.isHeld());
  }

  @Test
  void end_byTheDatabase_tells() throws InterruptedException {
    lease.begin(NODE, System.nanoTime());
    lease.end(NODE);
    Heard.next(expired);
    assertFalse(lease.isHeld());
  }
}
