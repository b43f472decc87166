package io.tollstream.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.gateway.GatewayConfig.ChainAccess;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The configurations that deploy/networks offers, as an operator fills them in. */
final class NetworksTest {
  private static final Map<String, String> FILLED_IN = new LinkedHashMap<>();

  static {
    FILLED_IN.put("SECOND_RPC_URL", "https://rpc.example.org/");
    FILLED_IN.put("escrow: ESCROW", "escrow: \"0x" + "11".repeat(20) + "\"");
    FILLED_IN.put("USDFC_HOST", "usdfc.example.org");
    FILLED_IN.put("FIL_HOST", "fil.example.org");
    FILLED_IN.put("payee: PAYEE", "payee: \"0x" + "22".repeat(20) + "\"");
  }

  @TempDir private Path home = Path.of(".");
  private final StringWriter err = new StringWriter();

  @ParameterizedTest
  @CsvSource({"filecoin, 314", "calibration, 314159"})
  void network_filledIn_passesTheCheck(String name, long chainId) throws IOException {
    Path file = Files.writeString(home.resolve("config.yaml"), filledIn(name, ""));
    assertEquals(0, check(file), err::toString);
    GatewayConfig config = ConfigReader.read(file);
    ChainAccess chain = config.chain(name);
    assertEquals(chainId, chain.chainId());
    assertEquals(2, chain.rpc().size());
    assertEquals(25, chain.replacementPercent());
    assertEquals("finalized", chain.finality().tag());
    assertTrue(
        config.routes().stream()
            .anyMatch(route -> route.sale() != null && route.sale().token().equals(Address.ZERO)));
  }

  @ParameterizedTest
  @CsvSource({
    "SECOND_RPC_URL, rpc",
    "escrow: ESCROW, escrow",
    "payee: PAYEE, payee",
  })
  void network_somethingLeftOpen_isRefusedByItsName(String left, String field) throws IOException {
    for (String name : new String[] {"filecoin", "calibration"}) {
      Path file = Files.writeString(home.resolve("config.yaml"), filledIn(name, left));
      assertEquals(1, check(file));
      assertTrue(err.toString().contains(field), err::toString);
    }
  }

  private static String filledIn(String name, String except) throws IOException {
    String text = Files.readString(Path.of("../deploy/networks/" + name + ".yaml"));
    for (Map.Entry<String, String> each : FILLED_IN.entrySet()) {
      assertTrue(text.contains(each.getKey()), each::getKey);
      text = each.getKey().equals(except) ? text : text.replace(each.getKey(), each.getValue());
    }
    return text;
  }

  private int check(Path file) {
    return Main.commandLine().setErr(new PrintWriter(err, true)).execute("check", file.toString());
  }
}
