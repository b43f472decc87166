package io.tollstream.channels.evm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tollstream.channels.Address;
import io.tollstream.channels.Hex;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A local chain: the real anvil, on a port of its own choice, ended by its process handle. The
 * binary is what the environment variable {@code ANVIL} names, else what npm installed beside the
 * contracts; a test that needs it fails where there is neither.
 */
public final class Anvil implements AutoCloseable {
  /** The chain id of {@link #start}. */
  public static final long CHAIN_ID = 31337;

  private static final String SOLIDITY = "channels/src/main/solidity";
  private static final Pattern LISTENING = Pattern.compile("Listening on 127\\.0\\.0\\.1:(\\d+)");
  private static final List<String> ACCOUNT_KEYS =
      List.of(
          "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
          "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
          "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
          "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
          "0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a");

  private final ObjectMapper json = new ObjectMapper();
  private final HttpClient client = HttpClient.newHttpClient();
  private final Process process;
  private final URI url;

  private Anvil(Process process, URI url) {
    this.process = process;
    this.url = url;
  }

  /** Starts a chain that mines every transaction at once, under {@link #CHAIN_ID}. */
  public static Anvil start(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(binary().toString());
    command.addAll(List.of("--port", "0", "--host", "127.0.0.1"));
    command.addAll(List.of(arguments));
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      return new Anvil(process, URI.create("http://127.0.0.1:" + port(process)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public URI url() {
    return url;
  }

  /** The i-th of the well-known development accounts, which hold 10,000 coins each. */
  public LocalSigner account(int i) {
    return LocalSigner.of(Hex.decode(accountKey(i), 32));
  }

  /** The private key of {@link #account}: known to everybody, worth nothing. */
  public String accountKey(int i) {
    return ACCOUNT_KEYS.get(i);
  }

  /**
   * Calls a method of the node and gives its result.
   *
   * @throws IllegalStateException with the node's message, where it answers an error
   */
  public JsonNode rpc(String method, @Nullable Object... parameters) {
    JsonNode answer = answer(method, json.valueToTree(parameters));
    if (answer.has("error")) {
      throw new IllegalStateException(method + ": " + answer.get("error"));
    }
    return answer.path("result");
  }

  /** Calls a method of the node and gives all that it answers. */
  JsonNode answer(String method, JsonNode parameters) {
    try {
      Map<String, Object> body =
          Map.of("jsonrpc", "2.0", "id", 1, "method", method, "params", parameters);
      HttpRequest request =
          HttpRequest.newBuilder(url)
              .header("Content-Type", "application/json")
              .timeout(Duration.ofSeconds(20))
              .POST(HttpRequest.BodyPublishers.ofString(json.writeValueAsString(body)))
              .build();
      return json.readTree(client.send(request, HttpResponse.BodyHandlers.ofString()).body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  public void mine(int blocks) {
    rpc("anvil_mine", "0x" + Integer.toHexString(blocks));
  }

  /** Moves the chain's clock, and mines a block that has the new time. */
  public void passTime(Duration duration) {
    rpc("evm_increaseTime", duration.toSeconds());
    mine(1);
  }

  /** Whether transactions are mined as they come. */
  public void setAutomine(boolean automine) {
    rpc("evm_setAutomine", automine);
  }

  /** A block comes every so many seconds, and none with a transaction any more. */
  public void mineEvery(Duration period) {
    rpc("evm_setIntervalMining", period.toSeconds());
  }

  public void setCode(Address address, String code) {
    rpc("anvil_setCode", address.hex(), code);
  }

  /**
   * Puts the canonical Permit2 in its place. Anvil carries its code in the genesis of another
   * network, with a domain for that chain, which Permit2 notices and computes its own.
   */
  public void installPermit2() {
    try (Anvil other = start("--network", "tempo")) {
      String code = other.rpc("eth_getCode", Deployer.PERMIT2.hex(), "latest").asText();
      if (code.length() <= 2) {
        throw new IllegalStateException("this anvil carries no Permit2");
      }
      setCode(Deployer.PERMIT2, code);
    }
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /** Reads what the process prints until it listens, and from then on only so that it can print. */
  private static int port(Process process) throws IOException {
    BufferedReader output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    StringBuilder printed = new StringBuilder();
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      printed.append(line).append('\n');
      Matcher matcher = LISTENING.matcher(line);
      if (matcher.find()) {
        drain(output);
        return Integer.parseInt(matcher.group(1));
      }
    }
    throw new IOException("anvil ended before it listened: " + printed);
  }

  private static void drain(BufferedReader output) {
    Thread drain =
        new Thread(
            () -> {
              try {
                while (output.readLine() != null) {}
              } catch (IOException ended) {
                // The process is gone, and with it what it had to say.
              }
            },
            "anvil-output");
    drain.setDaemon(true);
    drain.start();
  }

  private static Path binary() {
    String named = System.getenv("ANVIL");
    if (named != null && !named.isEmpty()) {
      return Path.of(named);
    }
    String installed = "node_modules/@foundry-rs/anvil-" + platform() + "/bin/anvil";
    Path start = Path.of("").toAbsolutePath();
    for (Path root = start; root != null; root = root.getParent()) {
      Path binary = root.resolve(SOLIDITY).resolve(installed);
      if (Files.isExecutable(binary)) {
        return binary;
      }
    }
    throw new AssertionError("anvil is not installed: run npm ci --prefix " + SOLIDITY);
  }

  private static String platform() {
    String os = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    String arch = System.getProperty("os.arch", "");
    return (os.startsWith("mac") ? "darwin" : "linux")
        + (arch.equals("aarch64") ? "-arm64" : "-amd64");
  }
}
