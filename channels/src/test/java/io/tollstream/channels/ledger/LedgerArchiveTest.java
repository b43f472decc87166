package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.ledger.Payments.await;
import static io.tollstream.channels.ledger.Payments.pay;
import static io.tollstream.channels.ledger.Payments.reserve;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.NodeId;
import io.tollstream.channels.Samples;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.channels.ledger.SqliteLedger.Settings;
import io.tollstream.metering.Amount;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A ledger as an operator sees, copies and moves it, most of the time beside a running one. */
final class LedgerArchiveTest {
  @SuppressWarnings("NullAway.Init")
  @TempDir
  private Path temp;

  @SuppressWarnings("NullAway.Init")
  private SqliteLedger ledger;

  @BeforeEach
  void open() {
    ledger = SqliteLedger.open(home(), Settings.DEFAULT);
  }

  @AfterEach
  void close() {
    ledger.close();
  }

  private Path home() {
    return temp.resolve("ledger");
  }

  private List<Tab> fill(int count) {
    RandomTabs random = new RandomTabs(7, ledger.node());
    List<Tab> tabs = IntStream.range(0, count).mapToObj(i -> random.tab(id(i))).toList();
    List<CompletionStage<Tab>> stages = new ArrayList<>();
    tabs.forEach(tab -> stages.add(ledger.apply(tab.id(), before -> new Step<>(tab, tab))));
    stages.forEach(Payments::await);
    return tabs;
  }

  private static Tab stored(SqliteLedger ledger, ChannelId id) {
    return await(ledger.apply(id, tab -> Step.keep(requireNonNull(tab))));
  }

  /** As the gateway's operator would: it is stopped for that. */
  private String exported() throws IOException {
    ledger.close();
    try {
      return exported(home());
    } finally {
      open();
    }
  }

  private static String exported(Path home) throws IOException {
    StringWriter lines = new StringWriter();
    try (LedgerArchive archive = LedgerArchive.take(home)) {
      archive.export(lines);
    }
    return lines.toString();
  }

  private static long imported(Path home, String lines) throws IOException {
    try (LedgerArchive archive = LedgerArchive.take(home)) {
      return archive.add(new BufferedReader(new StringReader(lines)));
    }
  }

  @Test
  void export_thenImport_givesEqualTabsWithoutReservations() throws IOException {
    NodeId node = ledger.node();
    List<Tab> tabs = fill(1_200);
    String lines = exported();
    Path other = temp.resolve("other");
    assertEquals(1_200, imported(other, lines));
    try (SqliteLedger moved = SqliteLedger.open(other, Settings.DEFAULT)) {
      for (Tab tab : tabs) {
        Tab expected = tab.recover(node).answer();
        assertEquals(expected, stored(moved, tab.id()));
      }
    }
    assertEquals(lines, exported(other));
  }

  @Test
  void export_toPostgresAndBack_keepsEveryTab() throws IOException {
    NodeId node = ledger.node();
    List<Tab> tabs = fill(40);
    String lines = exported();
    Nodes there = new Nodes(Postgres.shared());
    try (LedgerArchive archive = LedgerArchive.take(there.server())) {
      assertEquals(40, archive.add(new BufferedReader(new StringReader(lines))));
    }
    try (PostgresLedger moved = there.open()) {
      Tab first = tabs.get(0).recover(node).answer();
      assertEquals(first, await(moved.apply(first.id(), tab -> Step.keep(requireNonNull(tab)))));
      LedgerUnavailable refused =
          assertThrows(LedgerUnavailable.class, () -> LedgerArchive.take(there.server()));
      assertTrue(requireNonNull(refused.getMessage()).contains("a gateway is running on it"));
      await(moved.apply(id(77), pay(77, 5)));
    }
    StringWriter back = new StringWriter();
    try (LedgerArchive archive = LedgerArchive.take(there.server())) {
      assertEquals(41, archive.export(back));
    }
    Path home = temp.resolve("back");
    assertEquals(41, imported(home, back.toString()));
    assertEquals(back.toString(), exported(home));
  }

  @Test
  void take_whileAnotherTakes_isRefusedAndGatewaysWait() {
    Nodes there = new Nodes(Postgres.shared());
    there.open().close();
    CompletableFuture<PostgresLedger> opening;
    try (LedgerArchive archive = LedgerArchive.take(there.server())) {
      assertThrows(LedgerUnavailable.class, () -> LedgerArchive.take(there.server()));
      opening = CompletableFuture.supplyAsync(there::open);
      assertThrows(TimeoutException.class, () -> opening.get(300, TimeUnit.MILLISECONDS));
      archive.forEach(tab -> {}, (id, why) -> {});
    }
    PostgresLedger opened = await(opening);
    await(opened.apply(id(1), pay(1, 1)));
    opened.close();
  }

  @Test
  void read_noLedgerInTheDatabase_isRefused() {
    Nodes empty = new Nodes(Postgres.shared());
    assertThrows(LedgerUnavailable.class, () -> LedgerArchive.read(empty.server()));
  }

  @Test
  void import_again_addsNothingAndDiffersNowhere() throws IOException {
    fill(3);
    String lines = exported();
    Path other = temp.resolve("other");
    assertEquals(3, imported(other, lines));
    assertEquals(0, imported(other, lines));
  }

  @Test
  void import_tabThatDiffers_addsNothing() throws IOException {
    await(ledger.apply(id(5), pay(5, 10)));
    String before = exported();
    Path other = temp.resolve("other");
    imported(other, before);
    await(ledger.apply(id(1), pay(1, 10)));
    await(ledger.apply(id(5), pay(5, 20)));
    String now = exported();
    String why =
        assertThrows(IllegalArgumentException.class, () -> imported(other, now)).getMessage();
    assertTrue(requireNonNull(why).contains(id(5).hex()), why);
    assertEquals(before, exported(other));
  }

  @Test
  void import_whileAGatewayRuns_isRefused() {
    LedgerUnavailable refused =
        assertThrows(LedgerUnavailable.class, () -> LedgerArchive.take(home()));
    assertTrue(requireNonNull(refused.getMessage()).contains("in use by another gateway"));
  }

  @Test
  void import_halfAnExportOrABrokenLine_namesTheLineAndAddsNothing() throws IOException {
    fill(4);
    String lines = exported();
    String half = lines.substring(0, lines.lastIndexOf("{\"tabs\""));
    assertRefused(half, "not whole");
    assertRefused(lines.replaceFirst("\"deposit\":\"", "\"deposit\":\"-"), "line 2: deposit");
    assertRefused(lines.replaceFirst("\"payer\"", "\"prayer\""), "line 2: no such fields");
    assertRefused(lines.replaceFirst("\"tollstreamLedger\":1", "\"tollstreamLedger\":9"), "line 1");
    assertRefused("", "line 1");
    assertRefused(lines.replaceFirst("\\{\"channelId", "[{\"channelId"), "line 2: no JSON");
    Path other = temp.resolve("other");
    assertEquals(4, imported(other, lines));
  }

  private void assertRefused(String lines, String why) {
    String told =
        assertThrows(IllegalArgumentException.class, () -> imported(temp.resolve("other"), lines))
            .getMessage();
    assertTrue(requireNonNull(told).contains(why), told);
  }

  @Test
  void export_whileInUse_saysSoAndIsTakenByNobody() throws IOException {
    fill(2);
    StringWriter lines = new StringWriter();
    try (LedgerArchive archive = LedgerArchive.read(home())) {
      assertEquals(2, archive.export(lines));
    }
    assertRefused(lines.toString(), "exported while a gateway ran");
  }

  @Test
  void forEach_slowReader_doesNotHoldUpCheckpoints() throws Exception {
    fill(3);
    try (LedgerArchive archive = LedgerArchive.read(home())) {
      archive.forEach(
          tab -> {
            for (int i = 1; i <= 1_100; i++) {
              await(ledger.apply(id(50), pay(50, 1_100L * tab.vouchers().size() + i)));
            }
            assertTrue(logStartsOver(), "the log cannot start over");
          },
          (id, why) -> {});
    }
  }

  /** Whether all of the log can be copied into the file: nobody reads an old state of it. */
  private boolean logStartsOver() {
    try (var connection = DriverManager.getConnection("jdbc:sqlite:" + file());
        var statement = connection.createStatement();
        var row = statement.executeQuery("PRAGMA wal_checkpoint(PASSIVE)")) {
      return row.getInt(2) == row.getInt(3);
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void read_noLedgerThere_isRefused() {
    assertThrows(LedgerUnavailable.class, () -> LedgerArchive.read(temp.resolve("nowhere")));
    assertTrue(Files.notExists(temp.resolve("nowhere")));
  }

  @Test
  void read_otherVersion_saysWhatToDo() throws Exception {
    ledger.close();
    try (var connection = DriverManager.getConnection("jdbc:sqlite:" + file());
        var statement = connection.createStatement()) {
      statement.executeUpdate("PRAGMA user_version = 1");
    }
    String why =
        assertThrows(LedgerUnavailable.class, () -> LedgerArchive.read(home())).getMessage();
    assertTrue(requireNonNull(why).contains("start the gateway on it once"), why);
  }

  private Path file() {
    return LedgerDirectory.database(home());
  }

  @Test
  void forEach_rowsThatMakeNoTab_areToldAndTheOthersComeAllTheSame() throws Exception {
    await(ledger.apply(id(1), pay(1, 10)));
    await(ledger.apply(id(2), pay(2, 10)));
    await(ledger.apply(id(2), reserve(new StreamId(ledger.node(), 1), 0, 5, 0)));
    try (var connection = DriverManager.getConnection("jdbc:sqlite:" + file());
        var statement = connection.createStatement()) {
      statement.executeUpdate("DELETE FROM bill_line");
    }
    List<ChannelId> broken = new ArrayList<>();
    List<ChannelId> fine = new ArrayList<>();
    try (LedgerArchive archive = LedgerArchive.read(home())) {
      archive.forEach(tab -> fine.add(tab.id()), (id, why) -> broken.add(id));
      assertThrows(LedgerUnavailable.class, () -> archive.find(id(2)));
      assertThrows(LedgerUnavailable.class, () -> archive.export(new StringWriter()));
    }
    assertEquals(List.of(id(1)), fine);
    assertEquals(List.of(id(2)), broken);
  }

  @Test
  void backup_underLoad_isALedgerItself() throws IOException {
    List<Tab> before = fill(50);
    Path copied = Files.createDirectory(temp.resolve("copy"));
    Thread payer =
        new Thread(
            () -> IntStream.range(0, 500).forEach(i -> await(ledger.apply(id(99), pay(99, i)))));
    payer.start();
    SqliteBackup.write(home(), copied.resolve("ledger.db"));
    await(ledger.apply(id(98), pay(98, 1)));
    assertEquals(
        PosixFilePermissions.fromString("rw-------"),
        Files.getPosixFilePermissions(copied.resolve("ledger.db")));
    try (SqliteLedger copy = SqliteLedger.open(copied, Settings.DEFAULT)) {
      for (Tab tab : before) {
        assertEquals(tab.recover(ledger.node()).answer(), stored(copy, tab.id()));
      }
    }
    assertThrows(
        FileAlreadyExistsException.class,
        () -> SqliteBackup.write(home(), copied.resolve("ledger.db")));
    joined(payer);
  }

  private static void joined(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void encode_knownTab_givesTheGoldenLine() {
    Tab tab =
        new Tab(
            Samples.channel(3, Amount.MAX, Amount.of(7), 1_767_225_600, false),
            new Tab.Phase.Closing(Amount.of(9)),
            Amount.of(2),
            List.of(Samples.voucher(3, 0), Samples.voucher(3, 9)),
            io.tollstream.metering.Bill.EMPTY
                .plus(Samples.PER_KIB, 123_456)
                .plus(Samples.PER_BYTE, Long.MAX_VALUE),
            List.of(),
            1_767_225_660,
            1_767_225_600);
    String line =
        """
        {"channelId":"0x0000000000000000000000000000000000000000000000000000000000000003",\
        "chainId":314,"escrow":"0xe5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5",\
        "payer":"0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",\
        "payee":"0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",\
        "token":"0xcccccccccccccccccccccccccccccccccccccccc",\
        "authorizedSigner":"0x0000000000000000000000000000000000000000",\
        "deposit":"340282366920938463463374607431768211455","settled":"7",\
        "closeRequestedAt":1767225600,"finalized":false,"phase":"closing","redeem":"9",\
        "broughtForward":"2","seenAt":1767225660,"owedSince":1767225600,\
        "vouchers":[{"cumulative":"0","signature":"0x%s1b"},\
        {"cumulative":"9","signature":"0x%s1b"}],\
        "bill":[{"price":"1","unit":"byte","quanta":9223372036854775807},\
        {"price":"7","unit":"KiB","quanta":123456}]}"""
            .formatted("00".repeat(64), "09".repeat(64));
    assertEquals(line, TabJson.encode(tab));
    assertEquals(tab, TabJson.decode(line));
  }
}
