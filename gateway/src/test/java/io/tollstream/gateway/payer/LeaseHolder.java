package io.tollstream.gateway.payer;

import io.tollstream.channels.ChannelId;
import java.nio.file.Path;

/** Another process that uses a channel. */
final class LeaseHolder {
  private LeaseHolder() {}

  public static void main(String[] args) throws InterruptedException {
    ChannelStore.Lease lease = ChannelStore.open(Path.of(args[0])).lease(new ChannelId(args[1]));
    System.out.println(lease == null ? "refused" : "held");
    System.out.flush();
    Thread.sleep(60_000);
  }
}
