package io.tollstream.channels.ledger;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Ledger;
import io.tollstream.metering.Amount;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What a node has heard, to be taken one by one. */
final class Heard implements Ledger.Listener {
  final BlockingQueue<ChannelId> changed = new LinkedBlockingQueue<>();
  final BlockingQueue<Map.Entry<ChannelId, Amount>> demanded = new LinkedBlockingQueue<>();
  final BlockingQueue<String> missed = new LinkedBlockingQueue<>();
  final BlockingQueue<String> expired = new LinkedBlockingQueue<>();
  private final Runnable atExpiry;

  Heard() {
    this(() -> {});
  }

  /** Does something at the very moment when the lease is over. */
  Heard(Runnable atExpiry) {
    this.atExpiry = atExpiry;
  }

  static Heard by(Ledger ledger) {
    Heard heard = new Heard();
    ledger.listen(heard);
    return heard;
  }

  static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
    T next = queue.poll(30, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("nothing was heard");
    }
    return next;
  }

  @Override
  public void changed(ChannelId channelId) {
    changed.add(channelId);
  }

  @Override
  public void demanded(ChannelId channelId, Amount required) {
    demanded.add(Map.entry(channelId, required));
  }

  @Override
  public void missedNews() {
    missed.add("missed");
  }

  @Override
  public void expired() {
    atExpiry.run();
    expired.add("expired");
  }
}
