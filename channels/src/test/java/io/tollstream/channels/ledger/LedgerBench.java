package io.tollstream.channels.ledger;

import static java.util.Objects.requireNonNull;

import com.sun.management.OperatingSystemMXBean;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.Samples;
import io.tollstream.channels.Tab;
import io.tollstream.metering.Amount;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.Callable;
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
  private static final OperatingSystemMXBean PROCESS =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

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
    System.out.println("| what | channels | per second | p50 ms | p99 ms | max ms | CPU µs each |");
    System.out.println("|---|---|---|---|---|---|---|");
    report("write + fsync, %d bytes".formatted(RECORD_BYTES), 1, raw(directory, seconds));
    for (int count : channels) {
      Path home = Files.createTempDirectory(directory, "bench");
      run(home, count, 2);
      report("voucher accepted", count, run(home, count, seconds));
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

  /** What a run took: each answer, and all of it by the clock and on the processors. */
  private static final class Measured {
    final long[] nanos;
    final double wallNanos;
    final double cpuNanos;

    Measured(Callable<long[]> run) throws Exception {
      long cpu = PROCESS.getProcessCpuTime();
      long wall = System.nanoTime();
      nanos = run.call();
      wallNanos = System.nanoTime() - wall;
      cpuNanos = PROCESS.getProcessCpuTime() - cpu;
      Arrays.sort(nanos);
    }
  }

  /** One record after the other, each forced: what a ledger without groups would be bound by. */
  private static Measured raw(Path directory, double seconds) throws Exception {
    return new Measured(() -> force(directory, seconds));
  }

  private static long[] force(Path directory, double seconds) throws IOException {
    Path file = Files.createTempFile(directory, "bench", "raw");
    long[] nanos = new long[room(seconds)];
    int count = 0;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES);
      long end = System.nanoTime() + (long) (seconds * 1e9);
      long start = System.nanoTime();
      while (start < end && count < nanos.length) {
        channel.write(record.rewind());
        channel.force(false);
        long done = System.nanoTime();
        nanos[count++] = done - start;
        start = done;
      }
    }
    Files.delete(file);
    return Arrays.copyOf(nanos, count);
  }

  private static int room(double seconds) {
    return (int) (seconds * 200_000);
  }

  private static Measured run(Path home, int channels, double seconds) throws Exception {
    try (Ledger ledger = SqliteLedger.open(home, SqliteLedger.Settings.DEFAULT)) {
      LedgerBench bench = new LedgerBench(ledger, channels, room(seconds));
      return new Measured(() -> bench.run(seconds));
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

  private static void report(String what, int channels, Measured measured) {
    long[] nanos = measured.nanos;
    System.out.printf(
        "| %s | %d | %,.0f | %.2f | %.2f | %.2f | %.0f |%n",
        what,
        channels,
        nanos.length * 1e9 / measured.wallNanos,
        at(nanos, 0.5),
        at(nanos, 0.99),
        at(nanos, 1),
        measured.cpuNanos / 1e3 / nanos.length);
  }

  private static double at(long[] sorted, double share) {
    return sorted[(int) Math.ceil(share * sorted.length) - 1] / 1e6;
  }
}
