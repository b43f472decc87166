package io.tollstream.gateway.proxy;

import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Ticks for the streams of one event loop that wait for credit: one timer for all of them, and none
 * while nobody waits. Not thread-safe.
 */
final class HoldClock {
  private static final long TICK_MILLIS = 100;

  private final Vertx vertx;
  private final Set<MeteredStream> waiting = new LinkedHashSet<>();
  private boolean ticking;

  HoldClock(Vertx vertx) {
    this.vertx = vertx;
  }

  long nowMillis() {
    return System.nanoTime() / 1_000_000;
  }

  void add(MeteredStream stream) {
    waiting.add(stream);
    if (!ticking) {
      ticking = true;
      vertx.setTimer(TICK_MILLIS, this::tick);
    }
  }

  void remove(MeteredStream stream) {
    waiting.remove(stream);
  }

  private void tick(long timer) {
    try {
      new ArrayList<>(waiting).forEach(stream -> stream.tick(nowMillis()));
    } finally {
      ticking = !waiting.isEmpty();
      if (ticking) {
        vertx.setTimer(TICK_MILLIS, this::tick);
      }
    }
  }
}
