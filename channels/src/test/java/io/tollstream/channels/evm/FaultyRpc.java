package io.tollstream.channels.evm;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A public RPC node as they are: an HTTP server in front of a local chain that fails as it is told,
 * at once, for some methods or for some of a hundred requests, and that shows the chain as {@link
 * #chain} says. Chance comes from a seed.
 */
public final class FaultyRpc implements AutoCloseable {
  /** What blocks of 30 seconds and windows of 2,000 of them are scaled down to. */
  public static final Duration FILECOIN_LIKE_BLOCK = Duration.ofSeconds(1);

  public static final int FILECOIN_LIKE_LOG_BLOCKS = 20;
  private static final int FILECOIN_LIKE_NULL_PERCENT = 5;
  private static final int FILECOIN_PREMIUM_PERCENT = 25;
  private static final int PERCENT = 100;
  private static final Duration LATE = Duration.ofMillis(300);
  private static final String HTML =
      "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";

  static {
    // The JDK's server else waits for the client's acknowledgement of each head: 40 ms.
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }

  /** What comes instead of an answer. */
  public enum Fault {
    /** 429. */
    TOO_MANY,
    /** 429 and Retry-After: 1. */
    TOO_MANY_RETRY_AFTER,
    /** 429 and Retry-After: 86400. */
    TOO_MANY_UNTIL_TOMORROW,
    /** 200 and error -32005. */
    LIMIT_EXCEEDED,
    /** 200 and error -32603. */
    INTERNAL_ERROR,
    /** 502 and a page. */
    BAD_GATEWAY,
    /** 200 and a page. */
    PAGE,
    /** The answer, 300 ms later. */
    LATE,
    /** No answer before the server is closed, or the fault is gone. */
    NEVER,
    /** Half of the answer, as if it were all. */
    TRUNCATED,
    /** The connection is closed without an answer. */
    RESET
  }

  /** For which requests something fails; the empty method is all. */
  private record Rule(String method, int percent, List<Fault> faults) {}

  private final ObjectMapper json = new ObjectMapper();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, Integer> asked = new ConcurrentHashMap<>();
  private final HttpServer server;
  private final ChainFaults chain;
  private final FaultyNode node;
  private final Random random;
  private volatile List<Rule> rules = List.of();
  private volatile CountDownLatch released = new CountDownLatch(1);

  private FaultyRpc(Anvil anvil, long seed) {
    chain = new ChainFaults(seed);
    node = new FaultyNode(anvil, chain);
    random = new Random(seed);
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /** A node without faults, yet. */
  public static FaultyRpc before(Anvil anvil) {
    return before(anvil, 1);
  }

  /** A node without faults, yet, whose chance has a seed. */
  public static FaultyRpc before(Anvil anvil, long seed) {
    return new FaultyRpc(anvil, seed);
  }

  /**
   * A node of Filecoin's, scaled down, in front of a chain that should {@link Anvil#mineEvery} in
   * {@link #FILECOIN_LIKE_BLOCK}: null rounds, receipts a block late, small windows, dear
   * replacements.
   */
  public static FaultyRpc filecoinLike(Anvil anvil, long seed) {
    FaultyRpc rpc = before(anvil, seed);
    rpc.chain()
        .wording(Wording.LOTUS)
        .nullRounds(FILECOIN_LIKE_NULL_PERCENT)
        .lateReceipts(1)
        .logBlocks(FILECOIN_LIKE_LOG_BLOCKS)
        .replacement(FILECOIN_PREMIUM_PERCENT);
    return rpc;
  }

  public URI url() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** What the node makes of its chain. */
  public ChainFaults chain() {
    return chain;
  }

  /** From now on every request fails, in one of these ways. */
  public FaultyRpc fail(Fault... faults) {
    return failSome(PERCENT, faults);
  }

  /** From now on so many of a hundred requests fail. */
  public FaultyRpc failSome(int percent, Fault... faults) {
    return add(new Rule("", percent, List.of(faults)));
  }

  /** From now on every request for a method fails. */
  public FaultyRpc failMethod(String method, Fault... faults) {
    return add(new Rule(method, PERCENT, List.of(faults)));
  }

  private synchronized FaultyRpc add(Rule rule) {
    Rule[] more = Arrays.copyOf(rules.toArray(Rule[]::new), rules.size() + 1);
    more[rules.size()] = rule;
    rules = List.of(more);
    return this;
  }

  /** Requests no longer fail, and those that hang are answered; {@link #chain} stays as it is. */
  public synchronized FaultyRpc answer() {
    rules = List.of();
    released.countDown();
    released = new CountDownLatch(1);
    return this;
  }

  /** How often a method was asked for so far, answered or not. */
  public int asked(String method) {
    return asked.getOrDefault(method, 0);
  }

  private void handle(HttpExchange exchange) throws IOException {
    CountDownLatch hanging = released;
    try (exchange) {
      JsonNode request = json.readTree(exchange.getRequestBody());
      String method = request.path("method").asText();
      asked.merge(method, 1, Integer::sum);
      answer(exchange, request, fault(method), hanging);
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
    }
  }

  private void answer(
      HttpExchange exchange, JsonNode request, List<Fault> fault, CountDownLatch hanging)
      throws IOException, InterruptedException {
    switch (fault.isEmpty() ? Fault.LATE : fault.get(0)) {
      case TOO_MANY -> send(exchange, 429, "Too Many Requests");
      case TOO_MANY_RETRY_AFTER -> sendRetryAfter(exchange, "1");
      case TOO_MANY_UNTIL_TOMORROW -> sendRetryAfter(exchange, "86400");
      case LIMIT_EXCEEDED ->
          send(exchange, 200, error(request, Wording.error(-32005, "limit exceeded")));
      case INTERNAL_ERROR ->
          send(exchange, 200, error(request, Wording.error(-32603, "internal error")));
      case BAD_GATEWAY -> send(exchange, 502, HTML);
      case PAGE -> send(exchange, 200, HTML);
      case NEVER -> {
        hanging.await();
        sendResult(exchange, request);
      }
      case TRUNCATED -> {
        String whole = success(request, json.getNodeFactory().textNode("0x" + "0".repeat(64)));
        send(exchange, 200, whole.substring(0, whole.length() / 2));
      }
      case RESET -> exchange.close();
      case LATE -> {
        if (!fault.isEmpty()) {
          TimeUnit.MILLISECONDS.sleep(LATE.toMillis());
        }
        sendResult(exchange, request);
      }
    }
  }

  /** The fault that a request meets; none or one. */
  private List<Fault> fault(String method) {
    for (Rule rule : rules) {
      boolean matches = rule.method().isEmpty() || rule.method().equals(method);
      if (matches && below(PERCENT) < rule.percent()) {
        return List.of(rule.faults().get(below(rule.faults().size())));
      }
    }
    return List.of();
  }

  private synchronized int below(int bound) {
    return random.nextInt(bound);
  }

  private void sendResult(HttpExchange exchange, JsonNode request) throws IOException {
    String method = request.path("method").asText();
    ArrayNode parameters =
        request.get("params") instanceof ArrayNode array ? array : json.createArrayNode();
    try {
      send(exchange, 200, success(request, node.result(method, parameters)));
    } catch (FaultyNode.Refused refused) {
      send(exchange, refused.status, error(request, refused.error));
    }
  }

  private String success(JsonNode request, JsonNode result) throws JsonProcessingException {
    ObjectNode answer = head(request);
    answer.set("result", result);
    return json.writeValueAsString(answer);
  }

  private String error(JsonNode request, ObjectNode error) throws JsonProcessingException {
    ObjectNode answer = head(request);
    answer.set("error", error);
    return json.writeValueAsString(answer);
  }

  private ObjectNode head(JsonNode request) {
    ObjectNode answer = json.createObjectNode().put("jsonrpc", "2.0");
    answer.set("id", request.path("id"));
    return answer;
  }

  private static void sendRetryAfter(HttpExchange exchange, String seconds) throws IOException {
    exchange.getResponseHeaders().set("Retry-After", seconds);
    send(exchange, 429, "Too Many Requests");
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    String type = body.startsWith("{") ? "application/json" : "text/html";
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  @Override
  public void close() {
    answer();
    server.stop(0);
    threads.shutdownNow();
  }
}
