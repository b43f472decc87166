package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.ledger.Payments.await;
import static io.tollstream.channels.ledger.Payments.pay;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.Tab;
import io.tollstream.channels.ledger.SqliteLedger.Settings;
import io.tollstream.metering.Amount;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A ledger whose files are not as they were left. */
@Timeout(60)
final class DamagedFilesTest {
  private static final String DATABASE = "ledger.db";
  private static final String LOG = "ledger.db-wal";
  private static final int PAGE = 4096;
  private static final int LOG_HEADER = 32;
  private static final int FRAME = 24 + PAGE;

  private static final int COMMITS = 10;
  private static final int TABS = 400;

  @SuppressWarnings("NullAway.Init")
  @TempDir
  private Path temp;

  private Path home() {
    return temp.resolve("ledger");
  }

  private Path file(String name) {
    return home().resolve(name);
  }

  /** What a crash after so many commits leaves: all of them stand in the log. */
  private void crash(int commits) throws IOException {
    Path living = temp.resolve("living");
    try (Ledger ledger = SqliteLedger.open(living, Settings.DEFAULT)) {
      payUpTo(ledger, commits);
      copy(living);
    }
  }

  private static void payUpTo(Ledger ledger, long cumulative) {
    for (long next = 1; next <= cumulative; next++) {
      await(ledger.apply(id(1), pay(1, next)));
    }
  }

  private void copy(Path living) throws IOException {
    Files.createDirectory(home());
    Files.copy(living.resolve(DATABASE), file(DATABASE));
    Files.copy(living.resolve(LOG), file(LOG));
  }

  private byte[] log() throws IOException {
    return Files.readAllBytes(file(LOG));
  }

  private void rot(String name, int at) throws IOException {
    byte[] bytes = Files.readAllBytes(file(name));
    bytes[at] ^= 1;
    Files.write(file(name), bytes);
  }

  /** Where the frames of commits end: a frame that ends one says how long the database is. */
  private static List<Integer> commitEnds(byte[] log) {
    List<Integer> ends = new ArrayList<>();
    for (int at = LOG_HEADER; at < log.length; at += FRAME) {
      if (ByteBuffer.wrap(log).getInt(at + Integer.BYTES) != 0) {
        ends.add(at + FRAME);
      }
    }
    return ends;
  }

  /** What a ledger that opens, and takes the next voucher, has kept. */
  private Amount authorized() {
    try (Ledger ledger = SqliteLedger.open(home(), Settings.DEFAULT)) {
      Amount kept = await(ledger.tabs(null, 1)).get(0).authorized();
      await(ledger.apply(id(1), pay(1, 2 * COMMITS)));
      return kept;
    }
  }

  private String refusal() {
    LedgerUnavailable refusal =
        assertThrows(LedgerUnavailable.class, () -> SqliteLedger.open(home(), Settings.DEFAULT));
    return String.valueOf(refusal.getMessage());
  }

  @Test
  void log_afterACrash_hasEverything() throws Exception {
    crash(COMMITS);
    assertEquals(Amount.of(COMMITS), authorized());
  }

  @Test
  void log_lastCommitCutShort_opensWithoutIt() throws Exception {
    crash(COMMITS);
    byte[] log = log();
    Files.write(file(LOG), Arrays.copyOf(log, log.length - 1));
    assertEquals(Amount.of(COMMITS - 1), authorized());
  }

  @Test
  void log_lastCommitRotten_opensWithoutIt() throws Exception {
    crash(COMMITS);
    rot(LOG, log().length - 1);
    assertEquals(Amount.of(COMMITS - 1), authorized());
  }

  @Test
  void log_rottenBeforeTheLastCommit_isRefusedSayingWhere() throws Exception {
    crash(COMMITS);
    byte[] log = log();
    int lastCommit = commitEnds(log).get(COMMITS - 2);
    for (int frame = LOG_HEADER; frame < lastCommit; frame += FRAME) {
      rot(LOG, frame + FRAME - 1);
      String refusal = refusal();
      String where = LOG + " at byte " + frame + ", with acknowledged payments behind it";
      assertTrue(refusal.contains("cannot be opened: the file is damaged"), refusal);
      assertTrue(refusal.contains(where), refusal);
      Files.write(file(LOG), log);
    }
    assertEquals(Amount.of(COMMITS), authorized());
  }

  /** What is behind its end are whole commits, of the round before. */
  @Test
  void log_startedOver_opensWithEverything() throws Exception {
    Path living = temp.resolve("living");
    try (Ledger ledger = SqliteLedger.open(living, Settings.DEFAULT)) {
      payUpTo(ledger, COMMITS);
      checkpoint(living.resolve(DATABASE));
      payUpTo(ledger, COMMITS + 1);
      copy(living);
    }
    assertTrue(commitEnds(log()).size() >= COMMITS - 1, "nothing is left of the round before");
    assertEquals(Amount.of(COMMITS + 1), authorized());
  }

  private static void checkpoint(Path database) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA wal_checkpoint(PASSIVE)");
    }
  }

  @Test
  void database_pageOfSomeTabsDamaged_otherTabsGoOn() throws Exception {
    try (Ledger ledger = SqliteLedger.open(home(), Settings.DEFAULT)) {
      payAll(ledger, 1).forEach(Payments::await);
    }
    damagePageOf(id(TABS / 2));
    List<CompletionStage<Boolean>> stages = new ArrayList<>();
    try (Ledger ledger = SqliteLedger.open(home(), Settings.DEFAULT)) {
      for (CompletionStage<Tab> payment : payAll(ledger, 2)) {
        stages.add(payment.handle(DamagedFilesTest::isPaid));
      }
    }
    List<Boolean> paid = stages.stream().map(Payments::await).toList();
    assertFalse(paid.get(TABS / 2));
    assertTrue(paid.stream().filter(each -> each).count() > TABS * 3 / 4, paid::toString);
  }

  private static List<CompletionStage<Tab>> payAll(Ledger ledger, long cumulative) {
    List<CompletionStage<Tab>> payments = new ArrayList<>();
    for (int i = 0; i < TABS; i++) {
      payments.add(ledger.apply(id(i), pay(i, cumulative)));
    }
    return payments;
  }

  private static boolean isPaid(@Nullable Tab tab, @Nullable Throwable failure) {
    if (failure != null) {
      assertInstanceOf(LedgerUnavailable.class, failure);
      String reasons = failure + ": " + failure.getCause();
      assertTrue(reasons.contains("the file is damaged"), reasons);
    }
    return tab != null;
  }

  /** Makes the head of a page senseless: the first that has the id, after those of the schema. */
  private void damagePageOf(ChannelId id) throws IOException {
    byte[] bytes = Files.readAllBytes(file(DATABASE));
    int at = 0;
    while (!Arrays.equals(bytes, at, at + 32, id.bytes(), 0, 32)) {
      at++;
    }
    Arrays.fill(bytes, at / PAGE * PAGE, at / PAGE * PAGE + 8, (byte) 0xff);
    Files.write(file(DATABASE), bytes);
  }
}
