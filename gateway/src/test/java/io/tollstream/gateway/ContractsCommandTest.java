package io.tollstream.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.evm.Deployer;
import io.tollstream.channels.evm.EvmEscrow;
import io.tollstream.channels.evm.LocalEscrow;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code tollstream contracts}, as it is typed, on a real chain. */
final class ContractsCommandTest {
  private static final Address ELSEWHERE = new Address("0x" + "77".repeat(20));
  private static LocalEscrow local;

  @TempDir private Path home = Path.of(".");
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void startChain() {
    local = LocalEscrow.start();
  }

  @AfterAll
  static void stopChain() {
    local.close();
  }

  @Test
  void verify_ourEscrow_saysWhatItWasDeployedWith() {
    Address contract = local.escrow.contract();
    assertEquals(0, verify(contract), err::toString);
    assertEquals(
        new JsonObject()
            .put("chainId", 31337)
            .put("escrow", contract.hex())
            .put("codeMatches", true)
            .put("domainName", EvmEscrow.DEFAULT_DOMAIN_NAME)
            .put("gracePeriod", 900)
            .put("permit2", Deployer.PERMIT2.hex()),
        new JsonObject(out.toString()));
  }

  @Test
  void verify_addressWithoutCode_isRefused() {
    assertEquals(1, verify(new Address("0x" + "78".repeat(20))));
    assertRefused("code: expected the code of this project's escrow, found no code there");
  }

  @Test
  void verify_anotherContract_isRefused() {
    assertEquals(1, verify(local.token));
    assertRefused("code: expected the code of this project's escrow, found another contract's");
  }

  @Test
  void verify_anotherDomainName_namesBoth() {
    assertEquals(1, verify(local.escrow.contract(), "--domain-name", "Another"));
    assertRefused("domainName: expected Another, found " + EvmEscrow.DEFAULT_DOMAIN_NAME);
  }

  @Test
  void verify_graceBelowTenMinutes_isRefused() {
    String code = codeAt(local.escrow.contract());
    String hasty = code.replace("%064x".formatted(900), "%064x".formatted(599));
    assertNotEquals(code, hasty);
    local.anvil.setCode(ELSEWHERE, hasty);
    assertEquals(1, verify(ELSEWHERE));
    assertRefused("CLOSE_GRACE_PERIOD: expected at least 600, found 599");
  }

  @Test
  void verify_oneByteOfTheCodeChanged_isRefused() {
    String code = codeAt(local.escrow.contract());
    int middle = code.length() / 2;
    char other = code.charAt(middle) == '0' ? '1' : '0';
    local.anvil.setCode(ELSEWHERE, code.substring(0, middle) + other + code.substring(middle + 1));
    assertEquals(1, verify(ELSEWHERE));
    assertRefused("found another contract's");
  }

  @Test
  void deploy_whatItPrints_isAnEscrowThatVerifies() throws IOException {
    assertEquals(0, deploy("--grace-seconds", "7200", "--permit2", Address.ZERO.hex()));
    Address contract = new Address(new JsonObject(out.toString()).getString("escrow"));
    out.getBuffer().setLength(0);
    assertEquals(0, verify(contract), err::toString);
    JsonObject facts = new JsonObject(out.toString());
    assertEquals(7_200, facts.getInteger("gracePeriod"));
    assertEquals(null, facts.getString("permit2"));
  }

  @Test
  void deploy_whatPayersWouldRefuse_costsNothing() throws IOException {
    String before = balance();
    assertEquals(1, deploy("--grace-seconds", "599"));
    assertRefused("GracePeriodTooShort");
    assertEquals(1, deploy("--grace-seconds", "2592001"));
    assertRefused("the grace period must be at most 2592000 seconds, not 2592001");
    assertEquals(1, deploy("--permit2", ELSEWHERE.hex()));
    assertRefused("permit2 must be zero or " + Deployer.PERMIT2);
    assertEquals(before, balance());
  }

  private int verify(Address contract, String... more) {
    return run("verify", List.of("--escrow", contract.hex()), more);
  }

  private int deploy(String... more) throws IOException {
    Path key = home.resolve("deployer");
    if (!Files.exists(key)) {
      Files.createFile(
          key, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(key, local.anvil.accountKey(0));
    }
    return run("deploy", List.of("--key-file", key.toString()), more);
  }

  private int run(String command, List<String> arguments, String... more) {
    List<String> all = new ArrayList<>(List.of("contracts", command));
    all.addAll(List.of("--rpc", local.anvil.url().toString()));
    all.addAll(arguments);
    all.addAll(List.of(more));
    CommandLine line = Main.commandLine();
    return line.setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(all.toArray(String[]::new));
  }

  private void assertRefused(String expected) {
    assertTrue(err.toString().contains(expected), err::toString);
    assertEquals("", out.toString());
  }

  private static String codeAt(Address contract) {
    return local.anvil.rpc("eth_getCode", contract.hex(), "latest").asText();
  }

  private static String balance() {
    return local.anvil.rpc("eth_getBalance", local.payer.address().hex(), "latest").asText();
  }
}
