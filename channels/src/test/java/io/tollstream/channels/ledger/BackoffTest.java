package io.tollstream.channels.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class BackoffTest {
  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5);
  private final Backoff backoff = new Backoff(clock::get);

  @Test
  void failed_againAndAgain_waitsTwiceAsLongUpToTwoSeconds() {
    List<Long> pauses = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      backoff.failed();
      pauses.add(TimeUnit.NANOSECONDS.toMillis(backoff.remainingNanos()));
    }
    assertEquals(List.of(50L, 100L, 200L, 400L, 800L, 1_600L, 2_000L, 2_000L), pauses);
  }

  @Test
  void remaining_timePasses_comesDownToNothing() {
    backoff.failed();
    clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(49));
    assertEquals(TimeUnit.MILLISECONDS.toNanos(1), backoff.remainingNanos());
    clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(1));
    assertEquals(0, backoff.remainingNanos());
  }

  @Test
  void succeeded_afterFailures_startsOver() {
    backoff.failed();
    backoff.failed();
    backoff.succeeded();
    assertTrue(backoff.remainingNanos() <= 0);
    backoff.failed();
    assertEquals(TimeUnit.MILLISECONDS.toNanos(50), backoff.remainingNanos());
  }
}
