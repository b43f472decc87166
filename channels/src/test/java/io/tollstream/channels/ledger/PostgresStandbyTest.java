package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.ledger.Payments.await;
import static io.tollstream.channels.ledger.Payments.pay;
import static io.tollstream.channels.ledger.Payments.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.Tab;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server whose only synchronous standby is gone: what it commits, another would not know. */
@Timeout(120)
final class PostgresStandbyTest {
  private static final String SAYS_WHY = "synchronous standby";

  private static final String TAKEN = "taken";

  private static final String WAITING =
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

  private final Postgres server = Postgres.start();
  private final Nodes nodes =
      new Nodes(server).lease(Duration.ofMinutes(5)).timeout(Duration.ofSeconds(1));

  @AfterEach
  void close() {
    server.close();
  }

  private void loseTheStandby() {
    server.execute("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    server.execute("postgres", "SELECT pg_reload_conf()");
  }

  private void doWithoutAStandby() {
    server.execute("postgres", "ALTER SYSTEM RESET synchronous_standby_names");
    server.execute("postgres", "SELECT pg_reload_conf()");
  }

  /** Whether a voucher was taken, or why not. */
  private static String pays(PostgresLedger ledger, long cumulative) {
    try {
      await(ledger.apply(id(1), pay(1, cumulative)));
      return TAKEN;
    } catch (CompletionException e) {
      return assertInstanceOf(LedgerUnavailable.class, e.getCause()).toString();
    }
  }

  /** Pays until a commit waits for the standby, and gives the voucher that was not taken. */
  private long payUntilItFails(PostgresLedger ledger) {
    long cumulative = 101;
    while (pays(ledger, cumulative).equals(TAKEN) || nodes.number(WAITING) == 0) {
      cumulative++;
    }
    assertTrue(visible() < cumulative);
    return cumulative;
  }

  private long visible() {
    return nodes.number("SELECT max(ltrim(cumulative, '0')::BIGINT) FROM voucher");
  }

  @Test
  void voucher_notReplicated_isTakenByNobodyUntilItIs() throws InterruptedException {
    try (PostgresLedger ledger = nodes.open();
        PostgresLedger other = nodes.open()) {
      assertEquals(TAKEN, pays(ledger, 100));
      loseTheStandby();
      long lost = payUntilItFails(ledger);

      for (int attempts = 0; attempts < 3; ) {
        String why = pays(ledger, lost);
        assertNotEquals(TAKEN, why);
        assertNotEquals(TAKEN, pays(other, lost));
        assertTrue(visible() < lost);
        attempts += why.contains(SAYS_WHY) ? 1 : 0;
      }

      doWithoutAStandby();
      until(() -> pays(ledger, lost).equals(TAKEN));
      assertEquals(lost, visible());
      until(() -> pays(other, lost + 1).equals(TAKEN));
      Tab tab = await(ledger.apply(id(1), pay(1, lost + 2)));
      assertEquals(lost + 2, tab.authorized().baseUnits().longValueExact());
    }
  }

  @Test
  void voucher_notReplicatedWhenTheServerCrashed_isTakenByNobodyUntilItIs()
      throws InterruptedException {
    try (PostgresLedger ledger = nodes.open()) {
      assertEquals(TAKEN, pays(ledger, 100));
      loseTheStandby();
      long lost = payUntilItFails(ledger);
      server.kill();
      server.up();
      // Whoever looks sees it from now on.
      assertEquals(lost, visible());

      for (int attempts = 0; attempts < 2; ) {
        String why = pays(ledger, lost);
        assertNotEquals(TAKEN, why);
        attempts += why.contains(SAYS_WHY) ? 1 : 0;
      }

      doWithoutAStandby();
      until(() -> pays(ledger, lost).equals(TAKEN));
      assertEquals(lost, visible());
    }
  }
}
