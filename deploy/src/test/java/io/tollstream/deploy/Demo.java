package io.tollstream.deploy;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A running {@code deploy/demo --json}: what it said when it was ready, and how to end it. */
final class Demo implements AutoCloseable {
  static final Path ROOT =
      Path.of(System.getProperty("tollstream.root", "..")).toAbsolutePath().normalize();

  /** What the issue of the demo allows from a built jar to the line of JSON. */
  static final Duration READY_WITHIN = Duration.ofSeconds(60);

  private static final Duration ENDED_WITHIN = Duration.ofSeconds(60);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process process;
  private final CompletableFuture<List<String>> output;
  private final Path messages;
  private final JsonNode facts;
  private final Duration startup;

  private Demo(Process process, BufferedReader reader, Path messages, long startedNanos)
      throws Exception {
    this.process = process;
    this.messages = messages;
    this.facts = JSON.readTree(firstLine(reader));
    this.startup = Duration.ofNanos(System.nanoTime() - startedNanos);
    this.output = CompletableFuture.supplyAsync(() -> reader.lines().toList());
  }

  /** Starts the demo and awaits its line. */
  static Demo start(String... options) throws Exception {
    Path messages = Files.createTempFile("tollstream-demo-", ".stderr");
    List<String> command = new ArrayList<>(List.of(ROOT.resolve("deploy/demo").toString()));
    command.add("--json");
    command.addAll(List.of(options));
    long startedNanos = System.nanoTime();
    Process process = new ProcessBuilder(command).redirectError(messages.toFile()).start();
    BufferedReader reader =
        new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
    try {
      return new Demo(process, reader, messages, startedNanos);
    } catch (Exception e) {
      process.destroy();
      throw new AssertionError("the demo did not start:\n" + Files.readString(messages), e);
    }
  }

  private static String firstLine(BufferedReader reader) throws Exception {
    CompletableFuture<String> line =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return String.valueOf(reader.readLine());
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    try {
      return line.get(READY_WITHIN.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError("not ready within " + READY_WITHIN, e);
    }
  }

  /** Everything it said when it was ready. */
  JsonNode facts() {
    return facts;
  }

  /** From the start of the command to its line. */
  Duration startup() {
    return startup;
  }

  URI gateway(String path) {
    return URI.create(text("gateway") + path);
  }

  URI payer(String path) {
    return URI.create(text("payer") + path);
  }

  URI origin(String path) {
    return URI.create(text("origin") + path);
  }

  URI management(String path) {
    return URI.create(text("management") + path);
  }

  String text(String key) {
    return facts.required(key).asText();
  }

  LocalChain chain() {
    return new LocalChain(URI.create(text("rpc")), text("token"));
  }

  /** The directory of everything the demo makes. */
  Path directory() {
    return Path.of(text("config")).toAbsolutePath().resolveSibling("");
  }

  /** A development account that nobody else uses, with gas and the tokens asked for. */
  Account account(int index, BigInteger tokens) throws Exception {
    JsonNode accounts = JSON.readTree(directory().resolve("secrets/chain.json").toFile());
    String address = accounts.at("/available_accounts/" + index).asText();
    Account account = new Account(address, accounts.at("/private_keys/" + index).asText());
    chain().mint(address, tokens);
    return account;
  }

  /** An address and its key. */
  record Account(String address, String key) {
    @Override
    public String toString() {
      return address;
    }
  }

  /** What a payer's tabs come to at the gateway, in base units. */
  BigInteger spent(String payer) throws Exception {
    BigInteger spent = BigInteger.ZERO;
    try (InputStream in = management("/channels").toURL().openStream()) {
      for (JsonNode tab : JSON.readTree(in)) {
        if (tab.required("payer").asText().equalsIgnoreCase(payer)) {
          spent = spent.add(new BigInteger(tab.required("spent").asText()));
        }
      }
    }
    return spent;
  }

  List<ProcessHandle> children() {
    return process.toHandle().descendants().toList();
  }

  String messages() throws IOException {
    return Files.readString(messages);
  }

  /** Asks the demo to end as a closing terminal does, and returns its exit status. */
  int stop() throws IOException {
    process.destroy();
    return awaitEnd();
  }

  /** Awaits the demo's end, and returns its exit status. */
  int awaitEnd() throws IOException {
    try {
      return process
          .onExit()
          .orTimeout(ENDED_WITHIN.toSeconds(), TimeUnit.SECONDS)
          .join()
          .exitValue();
    } catch (CompletionException late) {
      process.destroyForcibly();
      throw new AssertionError("not ended within " + ENDED_WITHIN + ":\n" + messages(), late);
    }
  }

  /** What came on standard output after the line of JSON; complete once the demo has ended. */
  List<String> furtherOutput() throws Exception {
    return output.get(ENDED_WITHIN.toSeconds(), TimeUnit.SECONDS);
  }

  @Override
  public void close() throws IOException {
    stop();
    Files.delete(messages);
  }
}
