package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.ledger.Payments.await;
import static io.tollstream.channels.ledger.Payments.pay;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.ledger.PostgresLedger.Settings;
import io.tollstream.channels.ledger.PostgresServer.Tls;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
final class PostgresServerTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  private static PostgresServer server(String schema) {
    return new PostgresServer("db", 5432, "sales", "gateway", "secret!", schema, Tls.OFF, null);
  }

  private static Settings settings(
      int bound, int lanes, Duration lease, Duration connect, Duration statement) {
    return new Settings(server("ledger"), bound, bound, bound, lanes, lease, connect, statement);
  }

  @Test
  void toString_password_isLeftOut() {
    PostgresServer server = server("ledger");
    assertEquals("postgresql://gateway@db:5432/sales (schema ledger, TLS OFF)", server.toString());
    assertFalse(Settings.of(server).toString().contains("secret!"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Ledger", "pg_ledger", "a b", "a;b", "1a", "a\"", "a,b"})
  void schema_thatIsNoPlainName_isRefused(String schema) {
    assertThrows(IllegalArgumentException.class, () -> server(schema));
  }

  @Test
  void server_thatCannotBe_isRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new PostgresServer(" ", 1, "d", "u", "p", "s", Tls.OFF, null));
    assertThrows(
        IllegalArgumentException.class,
        () -> new PostgresServer("h", 0, "d", "u", "p", "s", Tls.OFF, null));
    assertThrows(
        IllegalArgumentException.class,
        () -> new PostgresServer("h", 65_536, "d", "u", "p", "s", Tls.OFF, null));
    assertThrows(
        IllegalArgumentException.class,
        () -> new PostgresServer("h", 1, "d\0", "u", "p", "s", Tls.OFF, null));
    assertThrows(
        IllegalArgumentException.class,
        () -> new PostgresServer("h", 1, "d", "u", "p", "s", Tls.VERIFIED, null));
    assertThrows(
        IllegalArgumentException.class,
        () -> new PostgresServer("h", 1, "d", "u", "p", "s", Tls.ENCRYPTED, Path.of("ca.pem")));
  }

  @Test
  void settings_outOfBounds_areRefused() {
    settings(1, 16, SECOND, SECOND, SECOND);
    assertThrows(IllegalArgumentException.class, () -> settings(0, 1, SECOND, SECOND, SECOND));
    assertThrows(IllegalArgumentException.class, () -> settings(1, 0, SECOND, SECOND, SECOND));
    assertThrows(IllegalArgumentException.class, () -> settings(1, 17, SECOND, SECOND, SECOND));
    assertThrows(
        IllegalArgumentException.class,
        () -> settings(1, 1, Duration.ofMillis(999), SECOND, SECOND));
    assertThrows(
        IllegalArgumentException.class,
        () -> settings(1, 1, Duration.ofSeconds(301), SECOND, SECOND));
    assertThrows(
        IllegalArgumentException.class,
        () -> settings(1, 1, SECOND, Duration.ofMillis(99), SECOND));
    assertThrows(
        IllegalArgumentException.class,
        () -> settings(1, 1, SECOND, SECOND, Duration.ofMillis(1_001)));
  }

  @Test
  void tls_asIsAskedFor_isUsedAndVerified(@TempDir Path temp) {
    Certificate good = Certificate.make(temp.resolve("good"));
    Certificate other = Certificate.make(temp.resolve("other"));
    try (Postgres server = Postgres.start(good)) {
      Nodes nodes = new Nodes(server);
      assertTrue(isEncrypted(nodes.tls(Tls.VERIFIED, good.authorities())));
      assertTrue(isEncrypted(nodes.tls(Tls.ENCRYPTED, null)));
      assertFalse(isEncrypted(nodes.tls(Tls.OFF, null)));
      nodes.tls(Tls.VERIFIED, other.authorities());
      assertThrows(LedgerUnavailable.class, nodes::open);
      // What the ledger connects with checks for itself, whatever the migration's driver does.
      Settings settings = nodes.settings();
      try (PostgresConnections connections =
          new PostgresConnections(settings.server(), SECOND, SECOND, "x")) {
        assertThrows(LedgerUnavailable.class, () -> connections.open("test"));
      }
    }
  }

  private static boolean isEncrypted(Nodes nodes) {
    try (PostgresLedger ledger = nodes.open()) {
      await(ledger.apply(id(1), pay(1, 1)));
      String ours =
          """
          SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
          WHERE datname = current_database() AND application_name LIKE 'tollstream %' AND ssl =
          """;
      long bare = nodes.number(ours + "false");
      long encrypted = nodes.number(ours + "true");
      assertEquals(2, bare + encrypted);
      assertTrue(bare == 0 || encrypted == 0);
      return encrypted == 2;
    }
  }
}
