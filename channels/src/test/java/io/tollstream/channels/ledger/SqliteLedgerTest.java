package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.channel;
import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.ledger.Payments.assertUnavailable;
import static io.tollstream.channels.ledger.Payments.await;
import static io.tollstream.channels.ledger.Payments.pay;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tollstream.channels.Ledger;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.Tab;
import io.tollstream.channels.ledger.SqliteLedger.Settings;
import io.tollstream.metering.Amount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SqliteLedgerTest extends LedgerContractTest {
  /** So small that tabs are read again and groups are many. */
  private static final Settings SMALL = new Settings(40_000, 64, 4);

  private static final String NO_LIMIT = "PRAGMA max_page_count = 1000000";

  @SuppressWarnings("NullAway.Init")
  @TempDir
  private Path temp;

  private volatile String pragma = NO_LIMIT;

  @Override
  protected Ledger open() {
    return SqliteLedger.open(home(), SMALL, CommitListener.NONE, () -> pragma);
  }

  private Path home() {
    return temp.resolve("to/ledger");
  }

  private Path file() {
    return home().resolve("ledger.db");
  }

  private long query(String sql) {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file());
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      return row.getLong(1);
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file());
        Statement statement = connection.createStatement()) {
      statement.executeUpdate(sql);
    }
  }

  private static String refusalAt(Path directory) {
    LedgerUnavailable refusal =
        assertThrows(LedgerUnavailable.class, () -> SqliteLedger.open(directory, Settings.DEFAULT));
    return requireNonNull(refusal.getMessage());
  }

  @Test
  void apply_voucherAccepted_isCommittedBeforeTheAnswer() {
    for (int i = 1; i <= 50; i++) {
      String sql = "SELECT count(*) FROM voucher WHERE cumulative LIKE '%0" + i + "'";
      long rows = await(ledger.apply(id(1), pay(1, i)).thenApply(tab -> query(sql)));
      assertEquals(1, rows);
    }
  }

  @Test
  void apply_oneVoucherOfMany_writesOneRow() throws SQLException {
    for (int i = 1; i <= 10; i++) {
      await(ledger.apply(id(1), pay(1, i)));
    }
    execute("CREATE TABLE written (what TEXT)");
    for (String table : List.of("tab", "voucher", "bill_line")) {
      for (String event : List.of("INSERT", "UPDATE", "DELETE")) {
        execute(
            "CREATE TRIGGER %1$s_%2$s AFTER %2$s ON %1$s BEGIN INSERT INTO written VALUES ('x'); END"
                .formatted(table, event));
      }
    }
    await(ledger.apply(id(1), pay(1, 11)));
    assertEquals(1, query("SELECT count(*) FROM written"));
  }

  @Test
  void open_whileOpen_isRefused() {
    assertTrue(refusalAt(home()).contains("in use by another gateway"));
    await(ledger.apply(id(1), pay(1, 1)));
  }

  @Test
  void open_newerSchema_isRefusedAndUnlocked() throws SQLException {
    ledger.close();
    execute("PRAGMA user_version = 99");
    assertTrue(refusalAt(home()).contains("written by a newer Tollstream"));
    execute("PRAGMA user_version = 4");
    ledger = open();
  }

  @Test
  void open_notADatabase_isRefused() throws IOException {
    ledger.close();
    Files.writeString(
        file(), "something else, and long enough to be looked at as a header".repeat(9));
    assertTrue(refusalAt(home()).contains("ledger.db cannot be opened"));
    Files.delete(file());
    ledger = open();
  }

  @Test
  void open_directoryIsAFile_isRefused() throws IOException {
    Path plain = Files.createFile(temp.resolve("plain"));
    assertTrue(refusalAt(plain).contains("plain cannot be used"));
  }

  /** Even root cannot write to Linux's directory of processes. */
  @Test
  void open_readOnlyDirectory_isRefused() {
    Path processes = Path.of("/proc/self");
    assumeTrue(Files.isDirectory(processes));
    assertTrue(refusalAt(processes).contains("/proc/self cannot be used"));
  }

  @Test
  void open_missingDirectory_isTheOwnersAlone() throws IOException {
    assumeTrue(temp.getFileSystem().supportedFileAttributeViews().contains("posix"));
    putAll(List.of(Tab.of(channel(1, 1))));
    assertEquals("rwx------", permissions(home()));
    try (var files = Files.list(home())) {
      List<Path> found = files.toList();
      assertTrue(found.size() >= 4, found::toString);
      for (Path file : found) {
        assertEquals("rw-------", permissions(file), file::toString);
      }
    }
  }

  @Test
  void open_fileOthersCanRead_isClosedToThem() throws IOException {
    assumeTrue(temp.getFileSystem().supportedFileAttributeViews().contains("posix"));
    ledger.close();
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-r--r--"));
    ledger = open();
    assertEquals("rw-------", permissions(file()));
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void apply_diskFull_failsThenRecovers() {
    ledger.close();
    pragma = "PRAGMA max_page_count = 60";
    ledger = open();
    int stored = payUntilFull();
    assertUnavailable(ledger.apply(id(stored + 1), pay(stored + 1, 5)));
    assertEquals(Amount.of(5), requireNonNull(find(id(stored))).authorized());
    assertEquals(null, find(id(stored + 1)));

    pragma = NO_LIMIT;
    assertUnavailable(ledger.apply(id(stored + 1), pay(stored + 1, 5)));
    await(ledger.apply(id(stored + 1), pay(stored + 1, 5)));
    assertEquals(stored + 1L, query("SELECT count(*) FROM tab"));
  }

  private int payUntilFull() {
    for (int i = 1; i < 1_000; i++) {
      if (await(ledger.apply(id(i), pay(i, 5)).handle((tab, failure) -> failure != null))) {
        return i - 1;
      }
    }
    throw new AssertionError("never full");
  }

  @Test
  void apply_rowsOfOneChannelCorrupt_otherChannelsGoOn() throws SQLException {
    await(ledger.apply(id(1), pay(1, 5)));
    ledger.close();
    execute("PRAGMA ignore_check_constraints = 1; UPDATE tab SET phase = 'lost'");
    ledger = open();
    List<CompletionStage<Tab>> stages = new ArrayList<>();
    for (int i = 1; i <= 20; i++) {
      stages.add(ledger.apply(id(i), pay(i, 6)));
    }
    assertUnavailable(stages.get(0));
    stages.stream().skip(1).forEach(Payments::await);
  }

  /** More than is copied beside the writer at once, without a pause to do it in. */
  @Test
  void apply_moreThanTheLogHolds_isCopiedToTheFile() throws IOException {
    List<CompletionStage<Tab>> stages = new ArrayList<>();
    for (int i = 1; i <= 25_000; i++) {
      stages.add(ledger.apply(id(i % 500), pay(i % 500, i)));
    }
    stages.forEach(Payments::await);
    assertTrue(Files.size(file()) > 500_000, "the file holds next to nothing");
    assertEquals(500, query("SELECT count(*) FROM tab"));
    reopen();
    assertEquals(Amount.of(25_000), requireNonNull(find(id(0))).authorized());
  }

  @Test
  void tabs_moreThanAPage_givesAPage() {
    for (int i = 0; i < TabPages.MAX_PAGE + 1; i++) {
      int number = i;
      var unused = ledger.apply(id(i), tab -> new Ledger.Step<>(Tab.of(channel(number, 1)), 0));
    }
    find(id(0));
    assertEquals(TabPages.MAX_PAGE, await(ledger.tabs(null, Integer.MAX_VALUE)).size());
  }
}
