package io.tollstream.channels.ledger;

import static java.util.Objects.requireNonNull;

import io.tollstream.channels.Ledger;
import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.Samples;
import io.tollstream.channels.Tab;
import io.tollstream.metering.Amount;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Durable voucher acceptances per second, beside what the same disk does in bare writes and fsyncs
 * in the same run. Each channel has one voucher under way, as one payer has, and signs the next as
 * soon as the last is acknowledged. Run it in the directory {@code channels}, after the tests were
 * compiled, on the disk to be measured:
 *
 * <pre>{@code
 * mvn -q dependency:build-classpath -Dmdep.outputFile=target/test.classpath
 * java -cp target/classes:target/test-classes:$(cat target/test.classpath) \
 *     io.tollstream.channels.ledger.LedgerBench [directory [seconds [channels...]]]
 * }</pre>
 */
final class LedgerBench {
  private static final int RECORD_BYTES = 256;
  private static final long DEPOSIT = Long.MAX_VALUE;

  private final Ledger ledger;
  private final int channels;
  private final long[] nanos;
  private int count;
  private final ExecutorService payers = Executors.newSingleThreadExecutor();
  private final CountDownLatch busy;
  private volatile long end;

  private LedgerBench(Ledger ledger, int channels, int room) {
    this.ledger = ledger;
    this.channels = channels;
    this.nanos = new long[room];
    this.busy = new CountDownLatch(channels);
  }

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args.length > 0 ? args[0] : "target");
    double seconds = args.length > 1 ? Double.parseDouble(args[1]) : 5;
    int[] channels =
        args.length > 2
            ? Arrays.stream(args).skip(2).mapToInt(Integer::parseInt).toArray()
            : new int[] {1, 16, 256};
    System.out.println("| what | channels | per second | p50 ms | p99 ms | max ms |");
    System.out.println("|---|---|---|---|---|---|");
    report("write + fsync, %d bytes".formatted(RECORD_BYTES), 1, raw(directory, seconds), seconds);
    for (int count : channels) {
      Path home = Files.createTempDirectory(directory, "bench");
      run(home, count, 2);
      report("voucher accepted", count, run(home, count, seconds), seconds);
      delete(home);
    }
  }

  private static void delete(Path home) throws IOException {
    try (var files = Files.list(home)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(home);
  }

  /** One record after the other, each forced: what a ledger without groups would be bound by. */
  private static long[] raw(Path directory, double seconds) throws IOException {
    Path file = Files.createTempFile(directory, "bench", "raw");
    long[] nanos = new long[room(seconds)];
    int count = 0;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES);
      long end = System.nanoTime() + (long) (seconds * 1e9);
      for (long start = System.nanoTime(); start < end; start = System.nanoTime()) {
        channel.write(record.rewind());
        channel.force(false);
        nanos[count++] = System.nanoTime() - start;
      }
    }
    Files.delete(file);
    return Arrays.copyOf(nanos, count);
  }

  private static int room(double seconds) {
    return (int) (seconds * 200_000);
  }

  private static long[] run(Path home, int channels, double seconds) throws Exception {
    try (Ledger ledger = SqliteLedger.open(home, SqliteLedger.Settings.DEFAULT)) {
      return new LedgerBench(ledger, channels, room(seconds)).run(seconds);
    }
  }

  private long[] run(double seconds) throws Exception {
    long[] first = IntStream.range(0, channels).mapToLong(this::opened).toArray();
    end = System.nanoTime() + (long) (seconds * 1e9);
    for (int i = 0; i < channels; i++) {
      int channel = i;
      payers.execute(() -> pay(channel, first[channel] + 1));
    }
    busy.await();
    payers.shutdown();
    return Arrays.copyOf(nanos, count);
  }

  /** What the channel has authorized by now. */
  private long opened(int channel) {
    return ledger
        .apply(Samples.id(channel), tab -> open(channel, tab))
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
    var voucher = Samples.voucher(channel, cumulative);
    ledger
        .apply(voucher.channelId(), tab -> requireNonNull(tab).accept(voucher, Amount.ZERO))
        .thenRunAsync(
            () -> {
              nanos[count++] = System.nanoTime() - start;
              pay(channel, cumulative + 1);
            },
            payers);
  }

  private static void report(String what, int channels, long[] nanos, double seconds) {
    Arrays.sort(nanos);
    System.out.printf(
        "| %s | %d | %,.0f | %.2f | %.2f | %.2f |%n",
        what, channels, nanos.length / seconds, at(nanos, 0.5), at(nanos, 0.99), at(nanos, 1));
  }

  private static double at(long[] sorted, double share) {
    return sorted[(int) Math.ceil(share * sorted.length) - 1] / 1e6;
  }
}
