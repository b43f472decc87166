package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Tab;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tabs used last, as they are on disk: no more than its capacity. */
final class TabCache {
  private final Map<ChannelId, Tab> tabs;

  TabCache(int capacity) {
    tabs =
        new LinkedHashMap<>(16, 0.75f, true) {
          @Override
          protected boolean removeEldestEntry(Map.Entry<ChannelId, Tab> eldest) {
            return size() > capacity;
          }
        };
  }

  @Nullable Tab get(ChannelId channelId) {
    return tabs.get(channelId);
  }

  void put(Tab tab) {
    tabs.put(tab.id(), tab);
  }

  void clear() {
    tabs.clear();
  }
}
