package io.tollstream.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The demo's chain, read and written with bare JSON-RPC: by no code of the project's own. */
record LocalChain(URI rpc, String token) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static final String BALANCE_OF = "0x70a08231"; // balanceOf(address)
  private static final String MINT = "0x40c10f19"; // mint(address,uint256)

  BigInteger balance(String account) throws Exception {
    Map<String, String> call = Map.of("to", token, "data", BALANCE_OF + word(account.substring(2)));
    return quantity(call("eth_call", call, "latest"));
  }

  /** Anybody may mint the test token; the chain mines at once and holds its accounts unlocked. */
  void mint(String account, BigInteger amount) throws Exception {
    String data = MINT + word(account.substring(2)) + word(amount.toString(16));
    BigInteger before = balance(account);
    call("eth_sendTransaction", Map.of("from", account, "to", token, "data", data));
    for (int i = 0; i < 100 && balance(account).equals(before); i++) {
      Thread.sleep(50);
    }
  }

  private JsonNode call(String method, Object... params) throws Exception {
    Map<String, Object> body =
        Map.of("jsonrpc", "2.0", "id", 1, "method", method, "params", List.of(params));
    HttpRequest request =
        HttpRequest.newBuilder(rpc)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(JSON.writeValueAsString(body)))
            .build();
    JsonNode answer = JSON.readTree(CLIENT.send(request, BodyHandlers.ofString()).body());
    if (answer.has("error")) {
      throw new AssertionError(method + ": " + answer.get("error"));
    }
    return answer.get("result");
  }

  private static BigInteger quantity(JsonNode hex) {
    return new BigInteger(hex.asText().substring(2), 16);
  }

  private static String word(String hex) {
    return "0".repeat(64 - hex.length()) + hex.toLowerCase(Locale.ROOT);
  }
}
