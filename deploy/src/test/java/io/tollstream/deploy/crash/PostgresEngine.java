package io.tollstream.deploy.crash;

import io.tollstream.channels.Ledger;
import io.tollstream.channels.ledger.Postgres;
import io.tollstream.channels.ledger.PostgresLedger;
import io.tollstream.channels.ledger.PostgresServer;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A ledger that two gateways share: a PostgreSQL server of its own, which may be what dies. */
final class PostgresEngine implements Engine {
  private static final String SCHEMA = "tollstream";
  private static final String PASSWORD_FILE = "postgres";

  /** The shortest there is: who closes a channel waits for the lease of a gateway that died. */
  private static final int SHORT_LEASE_SECONDS = 5;

  /** The longest there is: no gateway shall count as dead because its database was. */
  private static final int LONG_LEASE_SECONDS = 60;

  private final Postgres postgres = Postgres.start("recovery_init_sync_method = syncfs");
  private final String database = postgres.database();
  private final boolean dying;
  private final int leaseSeconds;

  private PostgresEngine(boolean dying, int leaseSeconds) {
    this.dying = dying;
    this.leaseSeconds = leaseSeconds;
  }

  /** Under two gateways, one of which dies. */
  static PostgresEngine steady() {
    return new PostgresEngine(false, SHORT_LEASE_SECONDS);
  }

  /** Under two gateways that live through its deaths. */
  static PostgresEngine dying() {
    return new PostgresEngine(true, LONG_LEASE_SECONDS);
  }

  @Override
  public int gateways() {
    return 2;
  }

  @Override
  public String setting(Path home) throws IOException {
    Market.writeSecret(home.resolve(PASSWORD_FILE), Postgres.PASSWORD);
    return """
        {postgres: {host: 127.0.0.1, port: %d, database: %s, user: %s, passwordFile: %s,
        schema: %s, tls: "off", leaseSeconds: %d}}"""
        .formatted(postgres.port(), database, Postgres.USER, PASSWORD_FILE, SCHEMA, leaseSeconds);
  }

  @Override
  public Ledger open(Path home) {
    PostgresServer server =
        new PostgresServer(
            "127.0.0.1",
            postgres.port(),
            database,
            Postgres.USER,
            Postgres.PASSWORD,
            SCHEMA,
            PostgresServer.Tls.OFF,
            null);
    return PostgresLedger.open(PostgresLedger.Settings.of(server));
  }

  @Override
  public @Nullable Server victim() {
    return dying ? new Victim() : null;
  }

  private final class Victim implements Server {
    @Override
    public void kill() {
      postgres.kill();
    }

    @Override
    public void stop() {
      postgres.down();
    }

    @Override
    public void start() {
      postgres.up();
    }
  }

  @Override
  public void close() {
    postgres.close();
  }

  @Override
  public String toString() {
    return "two gateways on "
        + (dying ? "a PostgreSQL that dies" : "PostgreSQL, one of which dies");
  }
}
