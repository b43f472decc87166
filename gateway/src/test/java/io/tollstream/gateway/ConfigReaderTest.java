package io.tollstream.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.SettlementPolicy;
import io.tollstream.gateway.GatewayConfig.ChainAccess;
import io.tollstream.metering.Amount;
import io.tollstream.metering.MeterPolicy;
import io.tollstream.metering.TariffUnit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A configuration is whole, or the message says where and how to mend it. */
final class ConfigReaderTest {
  private static final String LEAST =
      """
      listen: 127.0.0.1:0
      ledger: {directory: ledger}
      challenge: {secretFile: secret}
      chains:
        - name: local
          chainId: 31337
          rpc: [http://127.0.0.1:8545]
          escrow: "0x1111111111111111111111111111111111111111"
          payeeKeyFile: payee
      routes:
        - name: film
          match: {path: /film}
          origin: http://127.0.0.1:81
          price: {amount: "100", unit: MiB}
          chain: local
          payee: "0x2222222222222222222222222222222222222222"
          token: "0x0000000000000000000000000000000000000000"
      """;

  @TempDir private Path directory = Path.of(".");

  @Test
  void read_onlyWhatIsNeeded_hasTheDefaults() throws IOException {
    GatewayConfig config = read(LEAST);
    assertEquals("tollstream", config.realm());
    assertEquals(86_400, config.challenge().lifetimeSeconds());
    assertEquals(List.of(), config.challenge().previousSecretFiles());
    assertEquals(null, config.management());
    assertEquals("EVM Payment Channel", config.chains().get(0).domainName());
    assertEquals(20, config.chains().get(0).reorgDepth());
    assertEquals(2_000, config.chains().get(0).logWindow());
    assertEquals(2_880, config.chains().get(0).logLookbackBlocks());
    assertEquals(600, config.chains().get(0).sweepSeconds());
    assertEquals(180, config.chains().get(0).replaceAfterSeconds());
    assertEquals(25, config.chains().get(0).replacementPercent());
    assertEquals(null, config.chains().get(0).maxGasPrice());
    RouteRule.Sale sale = Objects.requireNonNull(config.routes().get(0).sale());
    assertEquals(TariffUnit.MIB, sale.tariff().unit());
    assertEquals(MeterPolicy.BYTES, sale.policy());
    assertEquals(Amount.ZERO, sale.credit());
    assertEquals(Amount.of(1), sale.minDeposit());
    assertEquals(64, sale.maxStreamsPerChannel());
  }

  @Test
  void read_oneEscrowUnderTwoNames_isRefusedByBothNames() {
    String second =
        LEAST
            .substring(LEAST.indexOf("  - name: local"), LEAST.indexOf("routes:"))
            .replace("local", "again")
            .replace("payeeKeyFile: payee", "payeeKeyFile: another");
    Exception refused =
        assertThrows(
            ConfigReader.ConfigException.class,
            () -> read(LEAST.replace("routes:", second + "routes:")));
    String message = String.valueOf(refused.getMessage());
    assertTrue(message.contains("chains.again.escrow"), message);
    assertTrue(message.contains("chains.local too; keep one"), message);
  }

  @Test
  void read_timeTariff_hasTheDefaultsOfTime() throws IOException {
    RouteRule.Sale sale = read(LEAST.replace("MiB", "second")).routes().get(0).sale();
    assertEquals(MeterPolicy.TIME, Objects.requireNonNull(sale).policy());
  }

  @Test
  void read_chunkAndHold_areTaken() throws IOException {
    String yaml =
        LEAST
            + "    chunk: {firstBytes: 1000, maxBytes: 2000, windowChunks: 3}\n"
            + "    hold: {startMillis: 10, bodyMillis: 20}\n";
    RouteRule.Sale sale = read(yaml).routes().get(0).sale();
    assertEquals(new MeterPolicy(1_000, 2_000, 3, 10, 20), Objects.requireNonNull(sale).policy());
  }

  @Test
  void read_whatTransactionsMayCost_isTaken() throws IOException {
    String keys =
        """
        payeeKeyFile: payee
            replaceAfterSeconds: 60
            replacementPercent: 30
            maxGasPrice: "5000000000"
        """;
    ChainAccess chain = read(LEAST.replace("payeeKeyFile: payee\n", keys)).chains().get(0);
    assertEquals(60, chain.replaceAfterSeconds());
    assertEquals(30, chain.replacementPercent());
    assertEquals(Amount.of(5_000_000_000L), chain.maxGasPrice());
  }

  @Test
  void read_settlement_isTheChainsPolicy() throws IOException {
    String keys =
        """
        payeeKeyFile: payee
            gas: {keystore: relayer.json, passwordFile: relayer.password}
            settlement:
              gasMultiple: 50
              contractGasMultiple: 3
              maxAgeSeconds: 3600
              maxOwed: "7000000"
              idleCloseSeconds: 600
              coinPrices: {"0x7070707070707070707070707070707070707070": "3500000"}
              intervalSeconds: 30
              onShutdown: true
        """;
    ChainAccess chain = read(LEAST.replace("payeeKeyFile: payee\n", keys)).chains().get(0);
    assertEquals(new KeySource(null, "relayer.json", "relayer.password", null), chain.gas());
    SettlementPolicy policy =
        new SettlementPolicy(
            50,
            3,
            Duration.ofHours(1),
            Amount.of(7_000_000),
            Duration.ofMinutes(10),
            Map.of(new Address("0x" + "70".repeat(20)), Amount.of(3_500_000)));
    assertEquals(new SettlementRule(policy, 30, true), chain.settlement());
    assertEquals(SettlementRule.DEFAULT, read(LEAST).chains().get(0).settlement());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gasMultiple: 0",
        "contractGasMultiple: 0",
        "maxAgeSeconds: 0",
        "maxOwed: \"0\"",
        "idleCloseSeconds: 0",
        "intervalSeconds: 0",
        "coinPrices: {\"0x0000000000000000000000000000000000000000\": \"1\"}",
        "coinPrices: {\"0x7070707070707070707070707070707070707070\": \"0\"}"
      })
  void read_impossibleSettlement_isTold(String wrong) {
    String key = wrong.substring(0, wrong.indexOf(':'));
    assertMistake(
        "settlement." + key,
        LEAST.replace(
            "payeeKeyFile: payee", "payeeKeyFile: payee\n    settlement: {" + wrong + "}"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{keyFile: a, keystore: b}", "{keystore: b}"})
  void read_impossibleGasAccount_isTold(String wrong) {
    assertMistake(
        "gas", LEAST.replace("payeeKeyFile: payee", "payeeKeyFile: payee\n    gas: " + wrong));
  }

  @Test
  void read_routeWithoutPrice_isFree() throws IOException {
    String yaml = LEAST.substring(0, LEAST.indexOf("    price"));
    assertEquals(null, read(yaml).routes().get(0).sale());
  }

  @Test
  void read_depositsThatCountEarly_areAsTold() throws IOException {
    String keys =
        """
        payeeKeyFile: payee
            finality:
              tag: finalized
              early: {token: "0x%s", confirmations: 2, maxDeposit: "5", maxAtRisk: "50"}
        """
            .formatted("11".repeat(20));
    GatewayConfig.Early early =
        read(LEAST.replace("payeeKeyFile: payee\n", keys)).chains().get(0).finality().early();
    assertEquals(
        new GatewayConfig.Early(
            new Address("0x" + "11".repeat(20)), 2, Amount.of(5), Amount.of(50)),
        early);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "finality.early.token | maxDeposit: '1', maxAtRisk: '1'",
        "finality.early.token | token: '0x12', maxDeposit: '1', maxAtRisk: '1'",
        "finality.early.maxDeposit | token: TOKEN, maxAtRisk: '1'",
        "finality.early.maxDeposit | token: TOKEN, maxDeposit: '0', maxAtRisk: '1'",
        "finality.early.maxDeposit | token: TOKEN, maxDeposit: '2', maxAtRisk: '1'",
        "finality.early.maxAtRisk | token: TOKEN, maxDeposit: '1'",
        "finality.early.confirmations | token: TOKEN, maxDeposit: '1', maxAtRisk: '1', confirmations: 0",
        "finality.early.confirmations | token: TOKEN, maxDeposit: '1', maxAtRisk: '1', confirmations: 9"
      })
  void read_depositsThatCannotCountEarly_areTold(String key, String early) {
    String token = "\"0x" + "11".repeat(20) + "\"";
    String finality =
        "finality: {confirmations: 9, early: {" + early.replace("TOKEN", token) + "}}";
    assertMistake(
        key, LEAST.replace("payeeKeyFile: payee", "payeeKeyFile: payee\n    " + finality));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "listen: 127.0.0.1:0      | lisen: 127.0.0.1:0        | listen is missing",
        "ledger: {directory: ledger} | ledger: {directory: a, d: b} | ledger.d: no such key",
        "chainId: 31337           | chainld: 31337            | chainId is missing",
        "escrow: \"0x1            | escro: \"0x1              | escrow is missing",
        "match: {path: /film}     | match: {pth: /film}       | routes[0].match.pth: no such key",
        "chainId: 31337           | chainId: many             | chains[0].chainId",
        "chainId: 31337           | chainId: 0                | must be above zero",
        "unit: MiB                | unit: MB                  | no such unit; use one of byte, KiB",
        "amount: \"100\"          | amount: \"0\"             | price must be above zero",
        "amount: \"100\"          | amount: \"1.5\"           | price.amount",
        "chain: local             | chain: elsewhere          | no such chain; there are [local]",
        "payee: \"0x22            | payee: \"0x               | payee: must be a quoted address",
        "origin: http://127.0.0.1:81 | origin: 127.0.0.1:81   | routes",
        "origin: http://127.0.0.1:81 | origin: http://a/b     | without a path",
        "match: {path: /film}     | match: {path: film}       | match.path",
        "match: {path: /film}     | match: {path: /film/}     | match.path",
        "listen: 127.0.0.1:0      | listen: 127.0.0.1         | must be host:port",
        "listen: 127.0.0.1:0      | listen: 127.0.0.1:99999   | from 0 to 65535",
        "listen: 127.0.0.1:0      | listen: 127.0.0.1:x       | from 0 to 65535",
        "payeeKeyFile: payee      | keystore: payee           | passwordFile",
        "secretFile: secret       | lifetimeSeconds: 60       | challenge.secretFile is missing",
        "rpc: [http://127.0.0.1:8545] | rpc: []               | at least one URL",
        "ledger: {directory: ledger} | ledger: {}             | ledger: give directory",
        "ledger: {directory: ledger} | ledger: {postgres: {}} | ledger.postgres.host is missing",
        "ledger: {directory: ledger} | realm: r               | ledger is missing",
        "secretFile: secret | secretFile: s, lifetimeSeconds: 5 | challenge.lifetimeSeconds"
      })
  void read_oneMistake_isToldWithItsPlace(String right, String wrong, String message) {
    assertTrue(LEAST.contains(right), right);
    assertMistake(message, LEAST.replace(right, wrong));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "reorgDepth: 0",
        "reorgDepth: 1001",
        "logWindow: 0",
        "logWindow: 100001",
        "logLookbackBlocks: 19",
        "logLookbackBlocks: 1000001",
        "sweepSeconds: 0",
        "sweepSeconds: 3601",
        "replaceAfterSeconds: 0",
        "replaceAfterSeconds: 3601",
        "replacementPercent: 9",
        "replacementPercent: 1001",
        "maxGasPrice: \"0\"",
        "maxGasPrice: \"1.5\""
      })
  void read_numberOutOfBounds_isTold(String wrong) {
    String key = wrong.substring(0, wrong.indexOf(':'));
    assertMistake(
        "chains.local." + key,
        LEAST.replace("payeeKeyFile: payee", "payeeKeyFile: payee\n    " + wrong));
  }

  @Test
  void read_unknownKey_tellsThoseThereAre() {
    assertMistake("config.yaml: realmm: no such key; known are [", "realmm: x\n" + LEAST);
    assertMistake("credits: no such key", LEAST + "    credits: \"5\"\n");
  }

  @Test
  void read_mistakeDeepInside_tellsItsLine() {
    assertMistake(":14: routes[0].price", LEAST.replace("unit: MiB", "unit: MB"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0:8080", "192.0.2.1:8080", "[::]:8080"})
  void read_listenBeyondLoopbackWithoutTls_isRefusedUnlessAllowed(String listen)
      throws IOException {
    String yaml = LEAST.replace("127.0.0.1:0", "\"" + listen + "\"");
    assertMistake("payments need TLS beyond loopback", yaml);
    assertTrue(read("allowPlaintext: true\n" + yaml).allowPlaintext());
    assertNotNull(read("tls: {certificate: c.pem, key: k.pem}\n" + yaml).tls());
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1:1", "localhost:1", "\"[::1]:1\""})
  void read_listenOnLoopback_needsNoTls(String listen) throws IOException {
    assertEquals(1, read(LEAST.replace("127.0.0.1:0", listen)).listen().port());
  }

  @Test
  void read_managementBeyondLoopback_isRefused() {
    assertMistake("management", "management: 0.0.0.0:9402\n" + LEAST);
  }

  @Test
  void read_twoOfOneName_isRefused() {
    String route = LEAST.substring(LEAST.indexOf("  - name: film"));
    assertMistake("names must differ", LEAST + route);
  }

  @Test
  void read_payeeThatNoKeyControls_isRefused() {
    String masked = "0xff" + "00".repeat(11) + "00000000000003e8";
    for (String payee : List.of("0x" + "00".repeat(20), masked)) {
      assertMistake("payee", LEAST.replace("0x" + "22".repeat(20), payee));
    }
  }

  @Test
  void read_noYamlOrNoFile_saysSo() throws IOException {
    assertMistake(":1: ", "listen: [");
    Path missing = directory.resolve("none.yaml");
    String message =
        assertThrows(ConfigReader.ConfigException.class, () -> ConfigReader.read(missing))
            .getMessage();
    assertTrue(String.valueOf(message).contains("cannot be read"), message);
  }

  private void assertMistake(String part, String yaml) {
    String message =
        String.valueOf(
            assertThrows(ConfigReader.ConfigException.class, () -> read(yaml)).getMessage());
    assertTrue(message.contains(part), message);
    assertTrue(message.contains("config.yaml:"), message);
  }

  private GatewayConfig read(String yaml) throws IOException {
    return ConfigReader.read(Files.writeString(directory.resolve("config.yaml"), yaml));
  }
}
