package io.tollstream.gateway.payment;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.evm.LocalEscrow;
import io.tollstream.gateway.TestGateway;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever payers, the gateway, the chain and its endpoints do, in whatever order: the payee gets
 * at least what it delivered, a payer loses at most what it got and one window, and the escrow
 * holds what it owes. {@code -Dmarket.first=N -Dmarket.runs=1} replays a run.
 */
final class MarketModelTest {
  private static final int RUNS = Integer.getInteger("market.runs", 200);
  private static final long FIRST = Long.getLong("market.first", 1);
  private static final int STEPS = 25;

  /** Most of a run is waiting for the chain. */
  private static final int AT_ONCE = 3;

  @SuppressWarnings("NullAway.Init")
  @TempDir
  private Path temp;

  private final Vertx vertx = Vertx.vertx();
  private final Map<String, Integer> counts = new ConcurrentSkipListMap<>();
  private final AtomicLong seeds = new AtomicLong(FIRST);

  @Test
  void market_anyOrderOfEvents_leavesEverybodyWithTheirOwn() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
    try {
      List<Callable<Boolean>> shares = new ArrayList<>();
      for (int i = 0; i < Math.min(AT_ONCE, RUNS); i++) {
        shares.add(this::share);
      }
      for (Future<Boolean> share : threads.invokeAll(shares)) {
        done(share);
      }
    } finally {
      threads.shutdownNow();
      TestGateway.await(vertx.close());
    }
    System.out.println("market: " + RUNS + " runs from seed " + FIRST + ", " + counts);
    if (RUNS > 1) {
      counts.forEach((what, times) -> assertTrue(times > 0, () -> "never happened: " + what));
    }
  }

  private static void done(Future<Boolean> share) throws Exception {
    try {
      share.get();
    } catch (ExecutionException failure) {
      throw failure.getCause() instanceof AssertionError failed
          ? failed
          : new AssertionError(failure);
    }
  }

  /** Runs on a chain of its own, until there are no more seeds. */
  private boolean share() throws IOException {
    try (LocalEscrow local = LocalEscrow.start()) {
      for (long seed = seeds.getAndIncrement();
          seed < FIRST + RUNS;
          seed = seeds.getAndIncrement()) {
        run(seed, local);
      }
    }
    return true;
  }

  private void run(long seed, LocalEscrow local) throws IOException {
    String snapshot = local.anvil.rpc("evm_snapshot").asText();
    Path home = Files.createDirectory(temp.resolve("run" + seed));
    MarketRun run = new MarketRun(seed, vertx, local, home);
    try {
      run.run(STEPS);
    } catch (RuntimeException | AssertionError failure) {
      throw new AssertionError(
          "-Dmarket.first=%d -Dmarket.runs=1:%n  %s%n%s"
              .formatted(seed, String.join("\n  ", run.story()), failure),
          failure);
    }
    local.anvil.rpc("evm_revert", snapshot);
    run.counts().forEach((what, times) -> counts.merge(what, times, Integer::sum));
  }
}
