package io.tollstream.gateway.payment;

import io.tollstream.channels.Refusal;
import io.tollstream.channels.Tab;
import io.tollstream.gateway.wire.Frame;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** What of a tab lives only while it is in use: its streams, its sockets, its newest state. */
final class LiveTab {
  private final Set<Credit> streams = ConcurrentHashMap.newKeySet();
  private final Set<PaymentListener> sockets = ConcurrentHashMap.newKeySet();
  private volatile @Nullable Tab newest;

  Set<Credit> streams() {
    return streams;
  }

  Set<PaymentListener> sockets() {
    return sockets;
  }

  boolean isUnused() {
    return streams.isEmpty() && sockets.isEmpty();
  }

  @Nullable Tab newest() {
    return newest;
  }

  /** The tab stands so now; nobody who waits has anything to gain from it. */
  void note(Tab tab) {
    newest = tab;
  }

  /** The tab stands so now: whoever waits for credit should look again, if any will come. */
  void changed(Tab tab) {
    newest = tab;
    if (tab.isOpen()) {
      streams.forEach(Credit::wake);
    } else {
      Refusal over = new Refusal.ChannelFinalized(tab.id());
      streams.forEach(credit -> credit.end(over));
    }
  }

  void tell(Frame frame) {
    sockets.forEach(socket -> socket.tell(frame));
  }
}
