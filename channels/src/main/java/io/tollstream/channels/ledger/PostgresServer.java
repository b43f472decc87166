package io.tollstream.channels.ledger;

import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.SslMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Where a PostgreSQL database is, and who asks there.
 *
 * @param schema the schema of the ledger's tables; made where it is missing
 * @param authorities the PEM file of who may vouch for the server; with {@link Tls#VERIFIED}, and
 *     only then
 */
public record PostgresServer(
    String host,
    int port,
    String database,
    String user,
    String password,
    String schema,
    Tls tls,
    @Nullable Path authorities) {

  /** What the wire is protected against. */
  public enum Tls {
    /** Nothing: for a server on the same machine or on a wire that is protected already. */
    OFF,
    /** Who listens. Not against who stands in between: the server's name is not checked. */
    ENCRYPTED,
    /** Who listens and who stands in between. */
    VERIFIED
  }

  private static final int MAX_PORT = 65_535;

  /** How long JDBC waits for the server to say something, a migration's statement included. */
  private static final Duration JDBC_ANSWER_LIMIT = Duration.ofSeconds(30);

  /** Plain names only: they go into a search path and into the name of a channel. */
  private static final Pattern SCHEMA = Pattern.compile("(?!pg_)[a-z_][a-z0-9_]{0,39}");

  /**
   * What every connection needs. Statements are planned once, for tables of any size: the plans
   * that would suit small tables are ruled out. The rest tells a server early that nobody is there
   * any more.
   */
  private static final Map<String, String> PROPERTIES =
      Map.of(
          "plan_cache_mode", "force_generic_plan",
          "enable_seqscan", "off",
          "enable_hashjoin", "off",
          "enable_mergejoin", "off",
          "jit", "off",
          "default_transaction_isolation", "read committed",
          "default_transaction_read_only", "off",
          "tcp_keepalives_idle", "30",
          "tcp_keepalives_interval", "10",
          "tcp_keepalives_count", "3");

  /**
   * A server as it may be.
   *
   * @throws IllegalArgumentException if a name is empty, the port none, the schema's name not a
   *     plain one, or the authorities do not go with the protection
   */
  public PostgresServer {
    requireText("host", host);
    requireText("database", database);
    requireText("user", user);
    if (port < 1 || port > MAX_PORT) {
      throw new IllegalArgumentException("not a port: " + port);
    }
    if (!SCHEMA.matcher(schema).matches()) {
      throw new IllegalArgumentException(
          "a schema's name has up to 40 lower-case letters, digits and underscores: " + schema);
    }
    if ((tls == Tls.VERIFIED) != (authorities != null)) {
      throw new IllegalArgumentException(
          "the authorities' file is needed to verify the server, and for nothing else");
    }
  }

  private static void requireText(String what, String text) {
    if (text.isBlank() || text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("the " + what + " of the PostgreSQL server is missing");
    }
  }

  /** What Vert.x connects with. */
  PgConnectOptions options(String applicationName, Duration statementTimeout) {
    PgConnectOptions options =
        new PgConnectOptions()
            .setHost(host)
            .setPort(port)
            .setDatabase(database)
            .setUser(user)
            .setPassword(password)
            .setSslMode(sslMode());
    if (tls != Tls.OFF) {
      options.setSslOptions(sslOptions());
    }
    PROPERTIES.forEach(options::addProperty);
    return options
        .addProperty("application_name", applicationName)
        .addProperty("search_path", schema)
        .addProperty("statement_timeout", String.valueOf(statementTimeout.toMillis()));
  }

  private SslMode sslMode() {
    return switch (tls) {
      case OFF -> SslMode.DISABLE;
      case ENCRYPTED -> SslMode.REQUIRE;
      case VERIFIED -> SslMode.VERIFY_FULL;
    };
  }

  private ClientSSLOptions sslOptions() {
    if (authorities == null) {
      return new ClientSSLOptions().setTrustAll(true);
    }
    return new ClientSSLOptions()
        .setHostnameVerificationAlgorithm("HTTPS")
        .setTrustOptions(new PemTrustOptions().addCertPath(authorities.toString()));
  }

  /**
   * What migrations and archives connect with: they need JDBC. The details of the server's errors
   * are left out: they quote rows, and signatures are money.
   */
  DataSource dataSource(Duration connectTimeout) {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setServerNames(new String[] {host});
    source.setPortNumbers(new int[] {port});
    source.setDatabaseName(database);
    source.setUser(user);
    source.setPassword(password);
    source.setApplicationName("tollstream migration");
    source.setConnectTimeout(seconds(connectTimeout));
    source.setLoginTimeout(seconds(connectTimeout));
    source.setSocketTimeout(seconds(JDBC_ANSWER_LIMIT));
    source.setLogServerErrorDetail(false);
    source.setSslMode(sslMode().name().toLowerCase(Locale.ROOT).replace('_', '-'));
    if (authorities != null) {
      source.setSslRootCert(authorities.toString());
    }
    return source;
  }

  private static int seconds(Duration duration) {
    return (int) Math.max(1, duration.toSeconds());
  }

  /** Everything but the password. */
  @Override
  public String toString() {
    return "postgresql://%s@%s:%d/%s (schema %s, TLS %s)"
        .formatted(user, host, port, database, schema, tls);
  }
}
