package io.tollstream.channels.ledger;

import static java.util.Objects.requireNonNull;

import io.tollstream.channels.Ports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A real PostgreSQL server on a loopback port, with fsync on, in a directory that goes with it. The
 * programs are Debian's; a test that needs them fails where there are none. As the server refuses
 * to run as root, it then runs as the user that Debian has made for it. It ends with this process
 * at the latest.
 */
public final class Postgres implements AutoCloseable {
  public static final String USER = "tollstream";
  public static final String PASSWORD = "correct horse battery staple";

  private static final Path VERSIONS = Path.of("/usr/lib/postgresql");
  private static final String UNPRIVILEGED = "postgres";
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private static @Nullable Postgres shared;

  private final Path home;
  private final int port;
  private final AtomicInteger databases = new AtomicInteger();
  private volatile @Nullable Process process;
  private final Thread atExit = new Thread(this::discard, "postgres-end");

  private Postgres(Path home, int port) {
    this.home = home;
    this.port = port;
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  /**
   * Starts a server for a test that stops it or breaks it.
   *
   * @param settings more lines of its configuration
   */
  public static Postgres start(String... settings) {
    return start(null, settings);
  }

  private static Postgres start(@Nullable Certificate certificate, String... settings) {
    try {
      return start(Files.createTempDirectory("postgres"), certificate, settings);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts a server whose files are in a directory, as on the disk that is to be measured. */
  static Postgres in(Path directory) {
    return start(directory, null);
  }

  private static Postgres start(Path home, @Nullable Certificate certificate, String... settings) {
    try {
      Postgres server = new Postgres(home, Ports.free());
      try {
        server.create(settings);
        if (certificate != null) {
          server.take(certificate.authorities(), "server.crt");
          server.take(certificate.key(), "server.key");
        }
        server.up();
        return server;
      } catch (IOException | RuntimeException | Error e) {
        server.close();
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts a server that takes TLS connections too. */
  static Postgres start(Certificate certificate) {
    return start(certificate, "ssl = on");
  }

  /** The server for all tests that leave it as it is: each takes a {@link #database} of it. */
  public static synchronized Postgres shared() {
    Postgres server = shared;
    if (server == null) {
      server = start();
      shared = server;
    }
    return server;
  }

  private void create(String... settings) throws IOException {
    giveAway(home);
    Path password = Files.writeString(home.resolve("password"), PASSWORD);
    giveAway(password);
    run(
        "initdb",
        "--username=" + USER,
        "--pwfile=" + password,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync");
    Path configuration = data().resolve("postgresql.conf");
    List<String> lines = new ArrayList<>(Files.readAllLines(configuration));
    lines.add("listen_addresses = '127.0.0.1'");
    lines.add("port = " + port);
    lines.add("unix_socket_directories = ''");
    lines.addAll(List.of(settings));
    Files.write(configuration, lines);
  }

  private static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  private static void giveAway(Path path) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx------"));
    if (isRoot()) {
      var users = path.getFileSystem().getUserPrincipalLookupService();
      Files.setOwner(path, users.lookupPrincipalByName(UNPRIVILEGED));
    }
  }

  private void take(Path file, String name) throws IOException {
    giveAway(Files.copy(file, data().resolve(name)));
  }

  private Path data() {
    return home.resolve("data");
  }

  public int port() {
    return port;
  }

  /** Makes an empty database and gives its name. */
  public String database() {
    String name = "test" + databases.incrementAndGet();
    execute("postgres", "CREATE DATABASE " + name);
    return name;
  }

  /** A connection beside those that are tested. */
  public Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(
        "jdbc:postgresql://127.0.0.1:" + port + "/" + database, USER, PASSWORD);
  }

  public void execute(String database, String sql) {
    try (Connection connection = connect(database);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Starts the server again after {@link #down} or {@link #kill}; it recovers what there is. */
  public void up() {
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (!answers()) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException("PostgreSQL does not answer: " + log());
      }
      if (process == null || !process.isAlive()) {
        // Again, too, after a kill: the old processes hold its memory until they see what happened.
        process = launch("postgres", home.resolve("log"));
      }
    }
  }

  private boolean answers() {
    try (Connection connection = connect("postgres")) {
      return connection.isValid(0);
    } catch (SQLException e) {
      LockSupport.parkNanos(PAUSE_NANOS);
      return false;
    }
  }

  /** Stops the server without waiting for its clients. */
  public void down() {
    run("pg_ctl", "stop", "--wait", "--silent", "--mode=fast");
  }

  /** Kills the server: what it had not made durable is lost. */
  public void kill() {
    end(requireNonNull(process).destroyForcibly());
  }

  /** Makes a standby of a server that is down; it has nobody to follow. */
  void becomeStandby() {
    try {
      giveAway(Files.createFile(data().resolve("standby.signal")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public void restart() {
    down();
    up();
  }

  private void run(String program, String... arguments) {
    Path output = home.resolve(program + ".log");
    if (end(launch(program, output, arguments)) != 0) {
      throw new IllegalStateException(program + " failed: " + read(output) + log());
    }
  }

  private Process launch(String program, Path output, String... arguments) {
    List<String> command = new ArrayList<>();
    if (isRoot()) {
      String user = UNPRIVILEGED;
      command.addAll(List.of("setpriv", "--reuid=" + user, "--regid=" + user, "--clear-groups"));
    }
    command.addAll(List.of(programs().resolve(program).toString(), "-D", data().toString()));
    command.addAll(List.of(arguments));
    try {
      return new ProcessBuilder(command)
          .directory(home.toFile())
          .redirectErrorStream(true)
          .redirectOutput(Redirect.appendTo(output.toFile()))
          .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int end(Process process) {
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private String log() {
    return read(home.resolve("log"));
  }

  private static String read(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Debian keeps each version in a directory of its own, off the path. */
  private static Path programs() {
    try (Stream<Path> versions = Files.list(VERSIONS)) {
      return versions
          .map(version -> version.resolve("bin"))
          .filter(bin -> Files.isExecutable(bin.resolve("initdb")))
          .max(Comparator.comparing(Path::toString))
          .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException("PostgreSQL is not installed", e);
    }
  }

  @Override
  public void close() {
    Runtime.getRuntime().removeShutdownHook(atExit);
    discard();
  }

  private void discard() {
    Process postmaster = process;
    if (postmaster != null && postmaster.isAlive()) {
      stop(postmaster);
    }
    delete();
  }

  private void stop(Process postmaster) {
    try {
      run("pg_ctl", "stop", "--wait", "--silent", "--mode=immediate");
    } catch (IllegalStateException tooEarly) {
      postmaster.destroyForcibly();
    }
    end(postmaster);
  }

  private void delete() {
    try (Stream<Path> files = Files.walk(home)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
