package io.tollstream.deploy.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tollstream.channels.Ports;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * {@code tollstream serve}, the packaged program, as a process that is killed and started again on
 * the same ports.
 */
final class GatewayProcess {
  private static final Path ROOT = Path.of(System.getProperty("tollstream.root", ".."));
  private static final Path JAR = ROOT.resolve("gateway/target/tollstream.jar");
  private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");
  private static final int READY_SECONDS = 120;
  private static final int STOP_SECONDS = 120;
  private static final int SIGKILL_STATUS = 128 + 9;
  private static final int SIGTERM_STATUS = 128 + 15;
  private static final int PAGE = 1_000;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path home;
  private final String name;
  private final boolean archiving;
  private final int port = Ports.free();
  private final int managementPort = Ports.free();
  private final Path config;
  private @Nullable Process process;
  private volatile boolean up;
  private final AtomicInteger lives = new AtomicInteger();

  /**
   * A gateway that has not been started.
   *
   * @param archiving whether its first life is the one that leaves its classes to others
   */
  GatewayProcess(Market market, String name, String ledger, boolean archiving) throws IOException {
    this.archiving = archiving;
    this.home = market.home();
    this.name = name;
    this.config = market.configure(name, ledger, port, managementPort);
  }

  int port() {
    return port;
  }

  /** The number of its present, or next, life. */
  int life() {
    return lives.get();
  }

  /** Whether this life is still going on, as far as it was not ended from here. */
  boolean isUp(int life) {
    return up && lives.get() == life;
  }

  /** Starts it, and does not wait. */
  void spawn() throws IOException {
    lives.incrementAndGet();
    process =
        new ProcessBuilder(command())
            .directory(home.toFile())
            .redirectError(ProcessBuilder.Redirect.appendTo(log().toFile()))
            .start();
  }

  private List<String> command() {
    List<String> command = new ArrayList<>();
    command.addAll(List.of(JAVA.toString(), "-XX:TieredStopAtLevel=1", "-Xmx192m"));
    command.add("-Xlog:disable"); // else the virtual machine talks of archives before we do
    command.addAll(archive());
    command.addAll(List.of("-jar", JAR.toAbsolutePath().normalize().toString()));
    command.addAll(List.of("serve", "--config", config.toString()));
    return command;
  }

  /** One first life leaves the classes it loaded to all others, which start in half the time. */
  private List<String> archive() {
    Path classes = home.resolve("classes.jsa");
    if (Files.exists(classes)) {
      return List.of("-Xshare:auto", "-XX:SharedArchiveFile=" + classes);
    }
    return archiving ? List.of("-XX:ArchiveClassesAtExit=" + classes) : List.of();
  }

  /** Waits until it has said that it is ready. */
  void awaitReady() throws Exception {
    BufferedReader output = process().inputReader();
    CompletableFuture<String> line = CompletableFuture.supplyAsync(() -> lineOf(output));
    try {
      String said = line.get(READY_SECONDS, TimeUnit.SECONDS);
      if (!said.contains("ready")) {
        throw new AssertionError(name + " ended before it was ready:\n" + messages());
      }
    } catch (TimeoutException | ExecutionException e) {
      throw new AssertionError(name + " was not ready:\n" + messages(), e);
    }
    up = true;
  }

  private static String lineOf(BufferedReader output) {
    try {
      return String.valueOf(output.readLine());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Kills it, which nothing can prepare for. */
  void kill() throws InterruptedException {
    up = false;
    int status = process().destroyForcibly().waitFor();
    boolean fromHere = status == SIGKILL_STATUS || status == SIGTERM_STATUS;
    assertTrue(fromHere, () -> name + " ended by itself:\n" + messages());
  }

  /** Asks it to end, as a service manager does, and does not wait. */
  void terminate() {
    up = false;
    process().destroy();
  }

  /** Asks it to end, and waits until it has. */
  void stop() throws InterruptedException {
    terminate();
    Process ending = process();
    if (!ending.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError(name + " did not stop:\n" + messages());
    }
    assertEquals(SIGTERM_STATUS, ending.exitValue(), this::messages);
  }

  private Process process() {
    Process started = process;
    if (started == null) {
      throw new IllegalStateException(name + " was never started");
    }
    return started;
  }

  /** Whether it can read its tabs, and no stream is open on any. */
  boolean isQuiet() {
    try {
      return tabs().stream().allMatch(tab -> tab.streams() == 0);
    } catch (IOException ledgerUnavailable) {
      return false;
    }
  }

  /** Every tab, as the management port tells. */
  List<TabView> tabs() throws IOException {
    List<TabView> tabs = new ArrayList<>();
    String after = "";
    JsonNode page;
    do {
      page = get("/channels?limit=" + PAGE + after);
      page.forEach(tab -> tabs.add(TabView.of(tab)));
      after = page.isEmpty() ? "" : "&after=" + tabs.get(tabs.size() - 1).id();
    } while (page.size() == PAGE);
    return tabs;
  }

  private JsonNode get(String path) throws IOException {
    URI uri = URI.create("http://127.0.0.1:" + managementPort + path);
    try (InputStream in = uri.toURL().openStream()) {
      return JSON.readTree(in);
    }
  }

  private Path log() {
    return home.resolve(name + ".log");
  }

  /** What it has logged, over all its lives. */
  String messages() {
    try {
      return Files.readString(log());
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** Leaves nothing behind, whatever state a test ended in. */
  void end() {
    up = false;
    if (process != null) {
      process.destroyForcibly();
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
