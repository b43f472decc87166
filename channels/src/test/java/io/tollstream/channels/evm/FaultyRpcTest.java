package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tollstream.channels.Address;
import io.tollstream.channels.evm.FaultyRpc.Fault;
import io.tollstream.channels.evm.SignedTransactions.Draft;
import io.tollstream.metering.Amount;
import java.io.IOException;
import java.math.BigInteger;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** That the faulty node is at fault where it is told to be, and only there. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
final class FaultyRpcTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Map<String, String> EVERYTHING =
      Map.of("fromBlock", "0x0", "toBlock", "0xffff");

  private final HttpClient client = HttpClient.newHttpClient();
  private final LocalEscrow local = LocalEscrow.start();
  private final Anvil anvil = local.anvil;
  private final FaultyRpc rpc = FaultyRpc.before(anvil);

  @BeforeAll
  void emitSomeMore() {
    try (Deployer deployer = new Deployer(local.escrow.network(), local.payer)) {
      ok(deployer.mint(local.token, local.token, Amount.of(1)));
    }
  }

  @AfterEach
  void heal() {
    rpc.answer().chain().none();
  }

  @AfterAll
  void stop() {
    rpc.close();
    local.close();
  }

  private HttpResponse<String> http(String method, Object... parameters) throws IOException {
    Map<String, Object> body =
        Map.of("jsonrpc", "2.0", "id", 7, "method", method, "params", parameters);
    HttpRequest request =
        HttpRequest.newBuilder(rpc.url())
            .timeout(Duration.ofSeconds(2))
            .POST(HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(body)))
            .build();
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private JsonNode ask(String method, Object... parameters) throws IOException {
    return JSON.readTree(http(method, parameters).body());
  }

  private static long value(JsonNode hex) {
    return Long.decode(hex.asText());
  }

  private static JsonNode error(JsonNode answer) {
    return answer.path("error");
  }

  private static String hex(long number) {
    return "0x" + Long.toHexString(number);
  }

  private long head() throws IOException {
    return value(ask("eth_blockNumber").path("result"));
  }

  private String mined() {
    String hash =
        anvil
            .rpc(
                "eth_sendTransaction",
                Map.of(
                    "from",
                    anvil.account(4).address().hex(),
                    "to",
                    anvil.account(3).address().hex()))
            .asText();
    awaitReceipt(hash);
    return hash;
  }

  /** Mining at once is not mining before the hash is given. */
  private void awaitReceipt(String hash) {
    while (!anvil.rpc("eth_getTransactionReceipt", hash).has("blockNumber")) {
      Thread.onSpinWait();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "TOO_MANY, 429",
    "TOO_MANY_RETRY_AFTER, 429",
    "TOO_MANY_UNTIL_TOMORROW, 429",
    "LIMIT_EXCEEDED, 200",
    "INTERNAL_ERROR, 200",
    "BAD_GATEWAY, 502",
    "PAGE, 200",
    "TRUNCATED, 200"
  })
  void request_failsAsTold_givesNoResult(Fault fault, int status) throws IOException {
    HttpResponse<String> answer = failing(fault);
    assertEquals(status, answer.statusCode());
    assertEquals(
        fault.name().startsWith("TOO_MANY_"), answer.headers().map().containsKey("retry-after"));
    if (answer.body().startsWith("{") && fault != Fault.TRUNCATED) {
      assertTrue(JSON.readTree(answer.body()).path("error").path("code").asInt() < 0);
    } else {
      assertThrows(JsonProcessingException.class, () -> JSON.readTree(answer.body()));
    }
    assertTrue(rpc.answer().asked("eth_blockNumber") > 0);
    assertTrue(head() > 0);
  }

  private HttpResponse<String> failing(Fault fault) throws IOException {
    rpc.fail(fault);
    return http("eth_blockNumber");
  }

  @Test
  void request_reset_failsWithoutAnAnswer() {
    IOException failure = assertThrows(IOException.class, () -> failing(Fault.RESET));
    assertNotEquals(HttpTimeoutException.class, failure.getClass());
  }

  @Test
  void request_neverAnswered_timesOut() {
    assertThrows(HttpTimeoutException.class, () -> failing(Fault.NEVER));
  }

  @Test
  void request_late_isAnsweredAfterAWhile() throws IOException {
    long start = System.nanoTime();
    assertEquals(200, failing(Fault.LATE).statusCode());
    assertTrue(System.nanoTime() - start >= Duration.ofMillis(300).toNanos());
  }

  @Test
  void fault_ofOneMethodOrSomeRequests_leavesTheOthers() throws IOException {
    rpc.failMethod("eth_getLogs", Fault.BAD_GATEWAY);
    assertEquals(502, http("eth_getLogs", EVERYTHING).statusCode());
    assertEquals(200, http("eth_blockNumber").statusCode());
    rpc.answer().failSome(50, Fault.TOO_MANY, Fault.BAD_GATEWAY);
    List<Integer> seen = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      seen.add(http("eth_blockNumber").statusCode());
    }
    assertTrue(seen.containsAll(List.of(200, 429, 502)), seen.toString());
  }

  @Test
  void replica_thatLags_knowsNothingOfTheNewestBlocks() throws IOException {
    anvil.mine(3);
    String hash = mined();
    long newest = head();
    assertTrue(ask("eth_getTransactionReceipt", hash).path("result").isObject());
    rpc.chain().lag(2);
    assertEquals(newest - 2, head());
    assertTrue(ask("eth_getTransactionReceipt", hash).path("result").isNull());
    assertTrue(ask("eth_getTransactionByHash", hash).path("result").isNull());
    assertTrue(ask("eth_getBlockByNumber", hex(newest), false).path("result").isNull());
    String holder = Address.ZERO.hex();
    assertEquals(
        "header not found",
        error(ask("eth_getBalance", holder, hex(newest))).path("message").asText());
    assertEquals("0x0", ask("eth_getTransactionCount", holder, "latest").path("result").asText());
    JsonNode block = ask("eth_getBlockByNumber", "latest", false).path("result");
    assertEquals(newest - 2, value(block.path("number")));
  }

  @Test
  void replica_thatLags_leavesOutEventsWithoutAWord() throws IOException {
    int all = ask("eth_getLogs", EVERYTHING).path("result").size();
    assertTrue(all > 0);
    rpc.chain().lag((int) head());
    assertEquals(0, ask("eth_getLogs", EVERYTHING).path("result").size());
  }

  @Test
  void receipt_late_comesWithTheNextBlock() throws IOException {
    rpc.chain().lateReceipts(1);
    String hash = mined();
    assertTrue(ask("eth_getTransactionReceipt", hash).path("result").isNull());
    anvil.mine(1);
    assertTrue(ask("eth_getTransactionReceipt", hash).path("result").isObject());
  }

  @Test
  void nullRounds_someNumbers_areSkippedByEverything() throws IOException {
    rpc.chain().nullRounds(50);
    anvil.mine(40);
    long newest = head();
    List<Long> skipped = new ArrayList<>();
    for (long number = newest; number > newest - 30; number--) {
      JsonNode answer = ask("eth_getBlockByNumber", hex(number), false);
      if (error(answer).path("code").asInt() == 12) {
        skipped.add(number);
        assertEquals(
            12, error(ask("eth_getBalance", Address.ZERO.hex(), hex(number))).path("code").asInt());
      } else {
        assertEquals(number, value(answer.path("result").path("number")));
      }
    }
    assertTrue(skipped.size() > 3 && skipped.size() < 27 && !skipped.contains(newest));
    assertParentsAreMined(skipped);
    rpc.chain().silentNullRounds(true);
    JsonNode before = ask("eth_getBlockByNumber", hex(skipped.get(0)), false).path("result");
    assertTrue(value(before.path("number")) < skipped.get(0));
  }

  /** The newest one that is skipped stands between these two. */
  private void assertParentsAreMined(List<Long> skipped) throws IOException {
    long child = skipped.get(0) + 1;
    long parent = skipped.get(0) - 1;
    while (skipped.contains(parent)) {
      parent--;
    }
    assertEquals(
        ask("eth_getBlockByNumber", hex(parent), false).path("result").path("hash"),
        ask("eth_getBlockByNumber", hex(child), false).path("result").path("parentHash"));
  }

  @ParameterizedTest
  @EnumSource(Wording.class)
  void logs_beyondTheLimits_areErrorsInTheVendorsWords(Wording wording) throws IOException {
    rpc.chain().wording(wording).logBlocks(5);
    anvil.mine(12);
    assertTrue(ask("eth_getLogs", EVERYTHING).has("error"));
    Map<String, String> five = Map.of("fromBlock", "0x1", "toBlock", "0x5");
    assertTrue(ask("eth_getLogs", five).path("result").isArray());
    rpc.chain().lookback(5);
    assertTrue(ask("eth_getLogs", five).has("error"));
    rpc.chain().lookback(0).logBlocks(0).logResults(1);
    assertTrue(ask("eth_getLogs", EVERYTHING).has("error"));
    rpc.chain().logResults(1_000);
    assertTrue(ask("eth_getLogs", EVERYTHING).path("result").isArray());
  }

  /** A transfer of nothing by account 2, as it is broadcast. */
  private String signed(long nonce, long tip) {
    EvmNetwork network = local.escrow.network();
    SignedTransactions signing =
        new SignedTransactions(new Node(new Rpc(network)), anvil.account(2), network);
    BigInteger most = BigInteger.valueOf(tip * 10_000_000);
    Call call = new Call(anvil.account(3).address(), "0x", BigInteger.ZERO);
    Draft draft = new Draft(call, BigInteger.valueOf(30_000), most, BigInteger.valueOf(tip));
    return signing.sign(draft, BigInteger.valueOf(nonce)).raw();
  }

  private long nonce() throws IOException {
    String account = anvil.account(2).address().hex();
    return value(ask("eth_getTransactionCount", account, "latest").path("result"));
  }

  @Test
  void transaction_lost_isTakenAndNowhere() throws IOException {
    rpc.chain().loseTransactions(true);
    String raw = signed(nonce(), 1_000);
    String hash = FaultyPool.hash(raw);
    assertEquals(hash, ask("eth_sendRawTransaction", raw).path("result").asText());
    assertTrue(anvil.rpc("eth_getTransactionByHash", hash).isNull());
  }

  @Test
  void transaction_knownAlready_isRefusedAndMined() throws IOException {
    rpc.chain().knowAlready(true);
    String raw = signed(nonce(), 1_000);
    assertEquals(
        "already known", error(ask("eth_sendRawTransaction", raw)).path("message").asText());
    awaitReceipt(FaultyPool.hash(raw));
  }

  @Test
  void transaction_inAnothersPlace_mustTipMore() throws IOException {
    rpc.chain().replacement(25);
    anvil.setAutomine(false);
    try {
      long nonce = nonce();
      assertTrue(ask("eth_sendRawTransaction", signed(nonce, 1_000)).has("result"));
      JsonNode error = error(ask("eth_sendRawTransaction", signed(nonce, 1_200)));
      assertTrue(error.path("message").asText().contains("increase GasPremium to 1250"));
      assertTrue(ask("eth_sendRawTransaction", signed(nonce, 1_250)).has("result"));
    } finally {
      anvil.setAutomine(true);
      anvil.mine(1);
    }
  }

  @Test
  void fork_otherChain_answersEverything() throws IOException {
    try (Anvil other = Anvil.start("--fork-url", anvil.url().toString(), "--chain-id", "31337")) {
      anvil.mine(1);
      other.mine(2);
      String newest = anvil.rpc("eth_blockNumber").asText();
      JsonNode ours = ask("eth_getBlockByNumber", newest, false).path("result").path("hash");
      rpc.chain().fork(other);
      JsonNode theirs = ask("eth_getBlockByNumber", newest, false).path("result").path("hash");
      assertTrue(theirs.isTextual());
      assertNotEquals(ours, theirs);
    }
  }

  @Test
  void chainId_anothers_isTold() throws IOException {
    rpc.chain().chainId(314);
    assertEquals(314, value(ask("eth_chainId").path("result")));
  }
}
