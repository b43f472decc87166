package io.tollstream.channels.ledger;

import com.sun.management.OperatingSystemMXBean;
import io.tollstream.channels.Ledger;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * Durable voucher acceptances per second, beside what the same disk does in bare writes and fsyncs
 * in the same run. {@code channels/bench/ledger} starts it, and says how.
 */
final class LedgerBench {
  /** What is said of the disk without a ledger. */
  static final String BARE = "write+fsync";

  private static final int RECORD_BYTES = 256;
  private static final double WARM_UP_SECONDS = 3;
  private static final int MOST_PER_SECOND = 200_000;

  private static final OperatingSystemMXBean PROCESS =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  /** Opens the nodes that share a ledger; for a directory it has had before, that same ledger. */
  interface Engine {
    List<Ledger> open(Path home) throws IOException;

    /** Ends what still runs for a directory, once its nodes are closed. */
    default void end(Path home) {}
  }

  private static final Map<String, Engine> ENGINES =
      Map.of(
          "sqlite",
          home -> List.of(SqliteLedger.open(home, SqliteLedger.Settings.DEFAULT)),
          "postgres",
          new PostgresEngine(1),
          "postgres-two-nodes",
          new PostgresEngine(2));

  private LedgerBench() {}

  /**
   * Prints a line for the bare disk and one for each number of channels.
   *
   * @param args engine, directory, seconds, numbers of channels
   */
  public static void main(String[] args) throws Exception {
    String name = args[0];
    Engine engine = ENGINES.get(name);
    if (engine == null) {
      throw new IllegalArgumentException("no engine " + name + ", but " + ENGINES.keySet());
    }
    Path directory = Path.of(args[1]);
    double seconds = Double.parseDouble(args[2]);
    report(BARE, 1, new Measured(() -> force(directory, seconds)));
    for (String channels : Arrays.asList(args).subList(3, args.length)) {
      int count = Integer.parseInt(channels);
      Path home = Files.createTempDirectory(directory, "ledger");
      run(engine, home, count, WARM_UP_SECONDS);
      report(name, count, run(engine, home, count, seconds));
      engine.end(home);
      delete(home);
    }
  }

  private static Measured run(Engine engine, Path home, int channels, double seconds)
      throws Exception {
    List<Ledger> nodes = engine.open(home);
    try {
      return new Measured(() -> BenchRun.pay(nodes, channels, seconds));
    } finally {
      nodes.forEach(Ledger::close);
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
    final double loadBefore = PROCESS.getSystemLoadAverage();

    Measured(Callable<long[]> run) throws Exception {
      double cpu = cpuNanos();
      long wall = System.nanoTime();
      nanos = run.call();
      wallNanos = System.nanoTime() - wall;
      cpuNanos = cpuNanos() - cpu;
      Arrays.sort(nanos);
    }

    /** Of this process, and of the server that it has started, if it has. */
    private static double cpuNanos() {
      return PROCESS.getProcessCpuTime()
          + ProcessHandle.current()
              .descendants()
              .flatMap(server -> server.info().totalCpuDuration().stream())
              .mapToDouble(Duration::toNanos)
              .sum();
    }
  }

  /** One record after the other, each forced: what a ledger without groups would be bound by. */
  private static long[] force(Path directory, double seconds) throws IOException {
    Path path = Files.createTempFile(directory, "raw", null);
    long[] nanos = new long[(int) (seconds * MOST_PER_SECOND)];
    int count = 0;
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
      ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES);
      long end = System.nanoTime() + (long) (seconds * 1e9);
      long start = System.nanoTime();
      while (start < end && count < nanos.length) {
        file.write(record.rewind());
        file.force(false);
        long done = System.nanoTime();
        nanos[count++] = done - start;
        start = done;
      }
    }
    Files.delete(path);
    return Arrays.copyOf(nanos, count);
  }

  private static void report(String what, int channels, Measured measured) {
    long[] nanos = measured.nanos;
    System.out.printf(
        Locale.ROOT,
        "ledger-bench %s %d %.0f %.3f %.3f %.3f %.1f %.2f%n",
        what,
        channels,
        nanos.length * 1e9 / measured.wallNanos,
        at(nanos, 0.5),
        at(nanos, 0.99),
        at(nanos, 1),
        measured.cpuNanos / 1e3 / nanos.length,
        measured.loadBefore);
  }

  private static double at(long[] sorted, double share) {
    return sorted[(int) Math.ceil(share * sorted.length) - 1] / 1e6;
  }
}
