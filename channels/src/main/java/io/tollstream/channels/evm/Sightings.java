package io.tollstream.channels.evm;

import io.tollstream.channels.ChannelId;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What has been told of the newest events: those that a reorganisation may still take back, and
 * those that are not final. One thread uses it.
 */
final class Sightings {
  /** The most events remembered, some 20 MB; whoever needs more looks at every channel. */
  static final int MAX = 50_000;

  /** Each with whether it was final when it was told. */
  private final Map<Sighting, Boolean> told = new HashMap<>();

  /**
   * The channels that something must be told of: events that are new, that have vanished, or that
   * have become final meanwhile.
   *
   * @param seen all events of the window
   */
  Set<ChannelId> news(long from, long to, Set<Sighting> seen, long finalBlock) {
    Set<ChannelId> news = new HashSet<>();
    for (Sighting sighting : seen) {
      if (!told.containsKey(sighting)) {
        news.add(sighting.channelId());
      }
    }
    told.forEach(
        (sighting, wasFinal) -> {
          boolean vanished = isWithin(sighting, from, to) && !seen.contains(sighting);
          if (vanished || (!wasFinal && sighting.block() <= finalBlock)) {
            news.add(sighting.channelId());
          }
        });
    return news;
  }

  /** The news of some channels were taken. */
  void toldOf(long from, long to, Set<Sighting> seen, long finalBlock, Set<ChannelId> taken) {
    told.keySet()
        .removeIf(sighting -> taken.contains(sighting.channelId()) && isWithin(sighting, from, to));
    told.replaceAll(
        (sighting, wasFinal) ->
            wasFinal || (taken.contains(sighting.channelId()) && sighting.block() <= finalBlock));
    for (Sighting sighting : seen) {
      if (taken.contains(sighting.channelId())) {
        told.put(sighting, sighting.block() <= finalBlock);
      }
    }
  }

  boolean hasRoomFor(Set<Sighting> seen) {
    return told.size() + seen.size() <= MAX;
  }

  /** Forgets what is final and lies before a block. */
  void forgetBefore(long block) {
    told.entrySet().removeIf(each -> each.getValue() && each.getKey().block() < block);
  }

  void clear() {
    told.clear();
  }

  private static boolean isWithin(Sighting sighting, long from, long to) {
    return sighting.block() >= from && sighting.block() <= to;
  }
}
