package io.tollstream.gateway.payer;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * How many channels may be opened within an hour: a gateway that loses one after the other, or
 * names a new recipient each time, gets no more, while a proxy that runs for months goes on.
 */
final class OpeningLimit {
  /** For the same recipient, token and escrow. */
  static final int MAX_ALIKE = 4;

  static final int MAX_IN_ALL = 16;
  static final Duration PERIOD = Duration.ofHours(1);

  private record Opening(ChannelKey key, long atMillis) {}

  private final Deque<Opening> recent = new ArrayDeque<>(MAX_IN_ALL);

  /** Takes one opening, or tells that there is none to be had now. */
  boolean take(ChannelKey key, long nowMillis) {
    while (!recent.isEmpty() && nowMillis - recent.getFirst().atMillis > PERIOD.toMillis()) {
      recent.removeFirst();
    }
    long alike = recent.stream().filter(opening -> opening.key.equals(key)).count();
    if (alike >= MAX_ALIKE || recent.size() >= MAX_IN_ALL) {
      return false;
    }
    recent.addLast(new Opening(key, nowMillis));
    return true;
  }

  int recent() {
    return recent.size();
  }
}
