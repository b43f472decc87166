package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.PER_BYTE;
import static io.tollstream.channels.Samples.ask;
import static io.tollstream.channels.Samples.fresh;
import static io.tollstream.channels.Samples.ok;
import static java.util.Objects.requireNonNull;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.Samples;
import io.tollstream.channels.Signature;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Amount;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Payers with one voucher under way on each channel, each handing in the next as soon as the last
 * is acknowledged. Now and then a channel's bill catches up with what is authorized, so that it is
 * the oldest vouchers that make room for new ones, as on channels that are being used.
 */
final class BenchRun {
  private static final long DEPOSIT = Long.MAX_VALUE;
  private static final int VOUCHERS_PER_BILL = 16;
  private static final int MOST_PER_SECOND = 200_000;
  private static final Signature SIGNATURE = Samples.voucher(0, 1).signature();

  private final List<Ledger> nodes;
  private final List<ChannelId> channels;
  private final long[] nanos;
  private int count;
  private final ExecutorService payers = Executors.newSingleThreadExecutor();
  private final CountDownLatch busy;
  private volatile long end;

  private BenchRun(List<Ledger> nodes, int channels, int room) {
    this.nodes = nodes;
    this.channels = IntStream.range(0, channels).mapToObj(Samples::id).toList();
    this.nanos = new long[room];
    this.busy = new CountDownLatch(channels);
  }

  /** Takes turns on the nodes, and says how many nanoseconds each voucher took. */
  static long[] pay(List<Ledger> nodes, int channels, double seconds) throws InterruptedException {
    return new BenchRun(nodes, channels, (int) (seconds * MOST_PER_SECOND)).run(seconds);
  }

  private long[] run(double seconds) throws InterruptedException {
    long[] first = IntStream.range(0, channels.size()).mapToLong(this::opened).toArray();
    end = System.nanoTime() + (long) (seconds * 1e9);
    for (int i = 0; i < channels.size(); i++) {
      int channel = i;
      payers.execute(() -> pay(channel, first[channel] + 1));
    }
    busy.await();
    payers.shutdown();
    return Arrays.copyOf(nanos, count);
  }

  private Ledger node(int channel) {
    return nodes.get(channel % nodes.size());
  }

  /** What the channel has authorized by now. */
  private long opened(int channel) {
    return node(channel)
        .apply(channels.get(channel), tab -> open(channel, tab))
        .thenApply(tab -> tab.authorized().baseUnits().longValueExact())
        .toCompletableFuture()
        .join();
  }

  private static Step<Tab> open(int channel, @Nullable Tab tab) {
    Tab next = tab == null ? Tab.of(Samples.channel(channel, DEPOSIT)) : tab;
    return new Step<>(next, next);
  }

  private void pay(int channel, long cumulative) {
    long start = System.nanoTime();
    if (start >= end || count == nanos.length) {
      busy.countDown();
      return;
    }
    ChannelId id = new ChannelId(channels.get(channel).hex());
    Voucher voucher = new Voucher(id, Amount.of(cumulative), SIGNATURE);
    Ledger node = node(channel);
    node.apply(id, tab -> paid(requireNonNull(tab), voucher, node))
        .thenRunAsync(
            () -> {
              nanos[count++] = System.nanoTime() - start;
              pay(channel, cumulative + 1);
            },
            payers);
  }

  private static Step<Tab> paid(Tab tab, Voucher voucher, Ledger node) {
    Tab paid = ok(tab.accept(voucher, Amount.ZERO).answer()).tab();
    Tab next =
        voucher.cumulative().baseUnits().intValue() % VOUCHERS_PER_BILL == 0
            ? used(paid, node)
            : paid;
    return new Step<>(next, next);
  }

  private static Tab used(Tab tab, Ledger node) {
    StreamId stream = fresh(tab, node.node());
    Tab.Grant grant = ok(tab.reserve(ask(stream, PER_BYTE, Long.MAX_VALUE)).answer());
    return grant.tab().settle(stream, grant.granted()).answer();
  }
}
