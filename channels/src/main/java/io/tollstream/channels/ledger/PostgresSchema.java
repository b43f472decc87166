package io.tollstream.channels.ledger;

import io.tollstream.channels.LedgerUnavailable;
import java.time.Duration;
import java.util.Map;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;

/** The tables of a PostgreSQL ledger: the scripts are every engine's, Flyway counts them. */
final class PostgresSchema {
  private static final String SCRIPTS =
      "classpath:" + PostgresSchema.class.getPackageName().replace('.', '/') + "/schema";

  private static final Map<String, String> WORDS =
      Map.of("bytes", "BYTEA", "long", "BIGINT", "table", "");

  private PostgresSchema() {}

  /**
   * Brings an older database, or an empty one, up to this version. Of several that start at once,
   * one does it.
   *
   * @throws LedgerUnavailable if it cannot be reached, is not a ledger, or is a newer version's
   */
  static void migrate(PostgresServer server, Duration connectTimeout) {
    try {
      Flyway flyway = flyway(server, connectTimeout, "latest");
      requireKnown(flyway);
      flyway.migrate();
    } catch (FlywayException e) {
      throw new LedgerUnavailable("its tables cannot be prepared: " + e.getMessage(), e);
    }
  }

  /** Brings a database up to a version, this one's or, for tests, an older one. */
  static void migrate(PostgresServer server, Duration connectTimeout, int target) {
    flyway(server, connectTimeout, String.valueOf(target)).migrate();
  }

  private static Flyway flyway(PostgresServer server, Duration connectTimeout, String target) {
    return Flyway.configure(PostgresSchema.class.getClassLoader())
        .dataSource(server.dataSource(connectTimeout))
        .locations(SCRIPTS)
        .placeholders(WORDS)
        .schemas(server.schema())
        .target(target)
        .load();
  }

  /**
   * Refuses a database that is not of this version, for whoever may only look.
   *
   * @throws LedgerUnavailable if it cannot be reached, or is older or newer than this
   */
  static void requireCurrent(PostgresServer server, Duration connectTimeout) {
    try {
      Flyway flyway = flyway(server, connectTimeout, "latest");
      requireKnown(flyway);
      if (flyway.info().current() == null || flyway.info().pending().length > 0) {
        throw new LedgerUnavailable(
            "there is no ledger of this version: start the gateway on it once");
      }
    } catch (FlywayException e) {
      throw new LedgerUnavailable("its tables cannot be looked at: " + e.getMessage(), e);
    }
  }

  private static void requireKnown(Flyway flyway) {
    MigrationInfo current = flyway.info().current();
    if (current != null && current.getState().isResolved()) {
      return;
    }
    if (current != null) {
      throw new LedgerUnavailable(
          "it was written by a newer Tollstream: its schema is version %s, this one knows up to %s"
              .formatted(current.getVersion(), newestKnown(flyway)));
    }
  }

  private static String newestKnown(Flyway flyway) {
    String newest = "none";
    for (MigrationInfo each : flyway.info().all()) {
      if (each.getState().isResolved()) {
        newest = String.valueOf(each.getVersion());
      }
    }
    return newest;
  }
}
