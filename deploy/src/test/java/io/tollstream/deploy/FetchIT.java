package io.tollstream.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code tollstream fetch} ends with the origin's file, however often it has to begin. */
@ExtendWith(DemoExtension.class)
class FetchIT {
  private static final BigInteger TOKENS = BigInteger.valueOf(50_000_000);
  private static final long MIDWAY_BYTES = 4L << 20;
  private static final int ATTEMPTS = 5;

  /** More than the kernel's buffers hold: bytes that were paid for and died with the process. */
  private static final long LOST_BYTES = 24L << 20;

  @Test
  void fetch_largeFile_isTheOriginsFile(Demo demo, @TempDir Path directory) throws Exception {
    Path original = original(demo, directory);
    Payer payer = new Payer(demo, demo.account(6, TOKENS), directory);
    Path file = directory.resolve("file");
    Program.run(fetch(demo, payer, file)).orFail();
    assertEquals(-1, Files.mismatch(original, file));
  }

  @Test
  void fetch_killedMidwayAndStartedAgain_resumesToTheOriginsFile(Demo demo, @TempDir Path directory)
      throws Exception {
    Path original = original(demo, directory);
    Payer payer = new Payer(demo, demo.account(7, TOKENS), directory);
    Path file = Files.createDirectory(directory.resolve("downloads")).resolve("file");

    long kept = killMidway(fetch(demo, payer, file), file, Files.size(original));
    String output = Program.run(fetch(demo, payer, file)).orFail().output();

    assertTrue(kept >= MIDWAY_BYTES, output);
    assertEquals(-1, Files.mismatch(original, file), output);
    long paidBytes = demo.spent(payer.address()).longValueExact() * (1L << 20) / 100;
    assertTrue(paidBytes < Files.size(original) + LOST_BYTES, () -> "paid for " + paidBytes);
  }

  /** The reference copy, straight from the origin. */
  private static Path original(Demo demo, Path directory) throws IOException {
    Path original = directory.resolve("original");
    try (InputStream in = demo.origin("/big.bin").toURL().openStream()) {
      Files.copy(in, original);
    }
    return original;
  }

  /** Kills a download once some of it is on disk, and returns how much that was. */
  private static long killMidway(List<String> command, Path file, long whole) throws Exception {
    Path downloads = file.resolveSibling("");
    Path log = downloads.resolveSibling("fetch.log");
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Process process = Program.start(command, log);
      while (process.isAlive() && bytesIn(downloads) < MIDWAY_BYTES) {
        Thread.onSpinWait();
      }
      process.destroyForcibly();
      assertTrue(process.waitFor(10, TimeUnit.SECONDS));
      long kept = bytesIn(downloads);
      if (kept < whole) {
        return kept;
      }
      Files.deleteIfExists(file); // it was quicker than the kill
    }
    throw new AssertionError("never killed before its end:\n" + Files.readString(log));
  }

  private static long bytesIn(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.mapToLong(FetchIT::size).max().orElse(0);
    }
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException renamedMeanwhile) {
      return 0;
    }
  }

  private static List<String> fetch(Demo demo, Payer payer, Path file) {
    String url = demo.gateway("/big.bin").toString();
    return payer.command("fetch", url, "-o", file.toString(), "--quiet");
  }
}
