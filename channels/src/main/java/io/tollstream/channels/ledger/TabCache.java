package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tabs used last, as they were stored when last seen: no more than its capacity. */
final class TabCache {
  private final Map<ChannelId, StoredTab> tabs;

  TabCache(int capacity) {
    tabs =
        new LinkedHashMap<>(16, 0.75f, true) {
          @Override
          protected boolean removeEldestEntry(Map.Entry<ChannelId, StoredTab> eldest) {
            return size() > capacity;
          }
        };
  }

  @Nullable StoredTab get(ChannelId channelId) {
    return tabs.get(channelId);
  }

  void put(ChannelId channelId, StoredTab tab) {
    tabs.put(channelId, tab);
  }

  void remove(ChannelId channelId) {
    tabs.remove(channelId);
  }

  void clear() {
    tabs.clear();
  }
}
