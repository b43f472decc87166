package io.tollstream.deploy.crash;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Gateways, or the ledger under them, are killed under load, and nobody loses anything: see {@link
 * CrashRun}. More rounds with {@code -Drounds}, the same choices once more with {@code -Dseed}.
 */
class CrashIT {
  private static final int ROUNDS_OF_A_BUILD = 50;
  private static final int ROUNDS = Integer.getInteger("rounds", ROUNDS_OF_A_BUILD);

  @Test
  void kill_gatewayWithALedgerOfItsOwn_losesNothingAndSellsNothingUnpaid(@TempDir Path home)
      throws Exception {
    run(new EmbeddedEngine(), home);
  }

  @Test
  void kill_oneOfTwoGatewaysOnPostgres_losesNothingAndSellsNothingUnpaid(@TempDir Path home)
      throws Exception {
    run(PostgresEngine.steady(), home);
  }

  @Test
  void kill_postgresUnderTwoGateways_losesNothingAndSellsNothingUnpaid(@TempDir Path home)
      throws Exception {
    run(PostgresEngine.dying(), home);
  }

  private static void run(Engine engine, Path home) throws Exception {
    long seed = Long.getLong("seed", ThreadLocalRandom.current().nextLong());
    String name = engine + ", -Dseed=" + seed + " -Drounds=" + ROUNDS;
    System.out.println(name);
    Random random = new Random(seed);
    try (engine;
        Market market = Market.open(home, random);
        CrashRun run = new CrashRun(engine, market, random)) {
      run.run(ROUNDS);
      System.out.println(run);
      boolean enough = ROUNDS < ROUNDS_OF_A_BUILD || run.hasTriedAll();
      assertTrue(enough, () -> "too tame: " + run);
    } catch (Exception | AssertionError e) {
      throw new AssertionError(name + " failed: " + e.getMessage(), e);
    }
  }
}
