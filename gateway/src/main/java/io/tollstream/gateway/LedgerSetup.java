package io.tollstream.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tollstream.channels.Ledger;
import io.tollstream.channels.ledger.LedgerArchive;
import io.tollstream.channels.ledger.PostgresLedger;
import io.tollstream.channels.ledger.PostgresServer;
import io.tollstream.channels.ledger.SqliteLedger;
import io.tollstream.gateway.GatewayConfig.LedgerStore;
import io.tollstream.gateway.GatewayConfig.Postgres;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

/** Opens the ledger that the configuration names, to sell on it or to work on it. */
final class LedgerSetup {
  private LedgerSetup() {}

  /**
   * Opens it for a gateway.
   *
   * @throws IOException if the password cannot be read
   */
  static Ledger open(LedgerStore store, Path home) throws IOException {
    Postgres postgres = store.postgres();
    return postgres == null
        ? SqliteLedger.open(directory(store, home), SqliteLedger.Settings.DEFAULT)
        : PostgresLedger.open(settings(postgres, home));
  }

  /** Opens it for whoever only looks, beside any gateway. */
  static LedgerArchive look(LedgerStore store, Path home) throws IOException {
    Postgres postgres = store.postgres();
    return postgres == null
        ? LedgerArchive.read(directory(store, home))
        : LedgerArchive.read(server(postgres, home));
  }

  /** Opens it for whoever adds to it, while no gateway runs on it. */
  static LedgerArchive take(LedgerStore store, Path home) throws IOException {
    Postgres postgres = store.postgres();
    return postgres == null
        ? LedgerArchive.take(directory(store, home))
        : LedgerArchive.take(server(postgres, home));
  }

  /**
   * The directory of an embedded ledger.
   *
   * @throws IllegalArgumentException if the ledger is in PostgreSQL
   */
  static Path directory(LedgerStore store, Path home) {
    String directory = store.directory();
    if (directory == null) {
      throw new IllegalArgumentException(
          "the ledger is in PostgreSQL: back it up with pg_dump, or use tollstream ledger export");
    }
    return home.resolve(directory);
  }

  private static PostgresLedger.Settings settings(Postgres postgres, Path home) throws IOException {
    PostgresLedger.Settings usual = PostgresLedger.Settings.of(server(postgres, home));
    return new PostgresLedger.Settings(
        usual.server(),
        usual.queueLength(),
        usual.groupLength(),
        usual.cachedTabs(),
        postgres.lanes(),
        Duration.ofSeconds(postgres.leaseSeconds()),
        usual.connectTimeout(),
        usual.statementTimeout());
  }

  private static PostgresServer server(Postgres postgres, Path home) throws IOException {
    String password =
        new String(SecretFile.read(home.resolve(postgres.passwordFile())), UTF_8).strip();
    String authorities = postgres.authorities();
    return new PostgresServer(
        postgres.host(),
        postgres.port(),
        postgres.database(),
        postgres.user(),
        password,
        postgres.schema(),
        PostgresServer.Tls.valueOf(postgres.tls().toUpperCase(Locale.ROOT)),
        authorities == null ? null : home.resolve(authorities));
  }
}
