package io.tollstream.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Channel;
import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.ledger.SqliteLedger;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The operator's commands on a ledger with real vouchers, as they are typed. */
final class LedgerCommandTest {
  private static final TestPayer PAYER = new TestPayer(7, TestGateway.ESCROW);
  private static final Channel CHANNEL = PAYER.channel(TestGateway.TERMS, 1_000);

  @TempDir private Path home = Path.of(".");
  private String printed = "";

  @BeforeEach
  void pay() throws IOException {
    configure("here.yaml", "here");
    configure("there.yaml", "there");
    try (SqliteLedger ledger = SqliteLedger.open(home.resolve("here"), SETTINGS)) {
      for (long amount : new long[] {100, 250}) {
        Voucher voucher = PAYER.voucher(CHANNEL.id(), amount);
        ledger
            .apply(CHANNEL.id(), tab -> accepted(tab == null ? Tab.of(CHANNEL) : tab, voucher))
            .toCompletableFuture()
            .join();
      }
    }
  }

  private static final SqliteLedger.Settings SETTINGS = SqliteLedger.Settings.DEFAULT;

  private static Step<Boolean> accepted(Tab tab, Voucher voucher) {
    return new Step<>(tab.accept(voucher, Amount.ZERO).tab(), true);
  }

  private void configure(String file, String ledger) throws IOException {
    Files.writeString(
        home.resolve(file),
        """
        listen: 127.0.0.1:0
        ledger: {directory: %s}
        challenge: {secretFile: secret}
        chains:
          - name: local
            chainId: %d
            rpc: [http://127.0.0.1:8545]
            escrow: "%s"
            domainName: "%s"
            payeeKeyFile: payee
        routes:
          - name: film
            match: {path: /film}
            origin: http://127.0.0.1:81
            price: {amount: "100", unit: MiB}
            chain: local
            payee: "0x2222222222222222222222222222222222222222"
            token: "0x0000000000000000000000000000000000000000"
        """
            .formatted(
                ledger,
                TestGateway.ESCROW.chainId(),
                TestGateway.ESCROW.contract(),
                TestPayer.DOMAIN));
  }

  /** The exit status; what went to either stream is in {@code printed}. */
  private int run(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    StringWriter err = new StringWriter();
    PrintStream before = System.out;
    System.setOut(new PrintStream(out, true, UTF_8));
    try {
      return Main.commandLine().setErr(new PrintWriter(err, true)).execute(args);
    } finally {
      System.setOut(before);
      printed = out.toString(UTF_8) + err;
    }
  }

  private String config(String name) {
    return "--config=" + home.resolve(name);
  }

  private String path(String name) {
    return home.resolve(name).toString();
  }

  @Test
  void inspect_whileInUse_printsTheTabAndNoSignature() {
    try (SqliteLedger ledger = SqliteLedger.open(home.resolve("here"), SETTINGS)) {
      assertTrue(ledger.leads());
      assertEquals(0, run("ledger", "inspect", config("here.yaml")));
      JsonObject tab = new JsonObject(printed);
      assertEquals(CHANNEL.id().hex(), tab.getString("channelId"));
      assertEquals("250", tab.getString("authorized"));
      assertEquals("0", tab.getString("spent"));
      assertEquals(2, tab.getInteger("vouchers"));
      assertFalse(printed.contains(PAYER.voucher(CHANNEL.id(), 250).signature().hex()));
      assertEquals(tab.encode() + "\n", printed);
    }
  }

  @Test
  void inspect_channelThatIsNotThere_isToldSo() {
    String other = "0x" + "9".repeat(64);
    assertEquals(1, run("ledger", "inspect", config("here.yaml"), "--channel=" + other));
    assertTrue(printed.contains("--channel: the ledger has no tab of " + other), printed);
    assertEquals(
        0, run("ledger", "inspect", config("here.yaml"), "--channel=" + CHANNEL.id().hex()));
  }

  @Test
  void verify_inOrder_succeeds() {
    assertEquals(0, run("ledger", "verify", config("here.yaml")));
    assertEquals("1 tabs, 0 findings\n", printed);
  }

  @Test
  void verify_signatureTamperedWith_fails() throws Exception {
    execute(
        "UPDATE voucher SET signature = CAST(randomblob(64) || x'1b' AS BLOB) WHERE cumulative LIKE '%250'");
    assertEquals(1, run("ledger", "verify", config("here.yaml")));
    assertTrue(printed.startsWith(CHANNEL.id() + ": the voucher of 250: "), printed);
    assertTrue(printed.endsWith("1 tabs, 1 findings\n"), printed);
  }

  @Test
  void verify_moreSpentThanPaid_fails() throws Exception {
    execute(
        "INSERT INTO bill_line SELECT channel_id, substr('%s', 1, 38) || '1', 'byte', 251 FROM tab"
            .formatted("0".repeat(39)));
    assertEquals(1, run("ledger", "verify", config("here.yaml")));
    assertTrue(printed.contains("251 spent of 250 authorized: 1 unpaid"), printed);
  }

  private void execute(String sql) throws Exception {
    try (var connection =
            DriverManager.getConnection("jdbc:sqlite:" + home.resolve("here/ledger.db"));
        var statement = connection.createStatement()) {
      statement.executeUpdate(sql);
    }
  }

  @Test
  void exportAndImport_toAnotherLedger_keepEveryVoucher() throws IOException {
    assertEquals(0, run("ledger", "export", config("here.yaml"), "--to=" + path("all.jsonl")));
    assertEquals(
        PosixFilePermissions.fromString("rw-------"),
        Files.getPosixFilePermissions(home.resolve("all.jsonl")));
    assertEquals(0, run("ledger", "import", config("there.yaml"), "--from=" + path("all.jsonl")));
    assertEquals(0, run("ledger", "verify", config("there.yaml")));
    assertEquals(0, run("ledger", "export", config("there.yaml"), "--to=" + path("again.jsonl")));
    assertEquals(
        Files.readString(home.resolve("all.jsonl")), Files.readString(home.resolve("again.jsonl")));
    assertEquals(1, run("ledger", "export", config("here.yaml"), "--to=" + path("all.jsonl")));
    try (SqliteLedger ledger = SqliteLedger.open(home.resolve("here"), SETTINGS)) {
      assertEquals(1, run("ledger", "export", config("here.yaml"), "--to=" + path("live.jsonl")));
      assertTrue(printed.contains("in use by another gateway"), printed);
      assertTrue(ledger.leads());
      String[] looking = {
        "ledger", "export", config("here.yaml"), "--to=" + path("live.jsonl"), "--while-running"
      };
      assertEquals(0, run(looking));
    }
    assertEquals(1, run("ledger", "import", config("there.yaml"), "--from=" + path("live.jsonl")));
    assertTrue(printed.contains("exported while a gateway ran"), printed);
    try (var files = Files.list(home)) {
      assertEquals(List.of(), files.filter(each -> each.toString().endsWith(".part")).toList());
    }
  }

  @Test
  void import_whileAGatewayRuns_isRefused() throws IOException {
    run("ledger", "export", config("here.yaml"), "--to=" + path("all.jsonl"));
    try (SqliteLedger ledger = SqliteLedger.open(home.resolve("there"), SETTINGS)) {
      assertEquals(1, run("ledger", "import", config("there.yaml"), "--from=" + path("all.jsonl")));
      assertTrue(printed.contains("in use by another gateway"), printed);
      assertTrue(ledger.leads());
    }
  }

  @Test
  void backup_whileInUse_verifiesInItsPlace() throws IOException {
    try (SqliteLedger ledger = SqliteLedger.open(home.resolve("here"), SETTINGS)) {
      Files.createDirectory(home.resolve("there"));
      assertEquals(
          0, run("ledger", "backup", config("here.yaml"), "--to=" + path("there/ledger.db")));
      assertEquals(
          1, run("ledger", "backup", config("here.yaml"), "--to=" + path("there/ledger.db")));
      assertTrue(ledger.leads());
    }
    assertEquals(0, run("ledger", "verify", config("there.yaml")));
    assertEquals("1 tabs, 0 findings\n", printed);
  }
}
