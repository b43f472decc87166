package io.tollstream.channels.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Ledger;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.ledger.SqliteLedger.Settings;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The disk fails under a ledger that is being paid into, in a process of its own: nothing is
 * acknowledged while it does, everything goes on once it works again, and after a kill no payment
 * that was acknowledged is missing and none is there by half.
 */
@EnabledOnOs(OS.LINUX)
@Timeout(120)
final class FaultTest {
  private static final int ROUNDS = Integer.getInteger("rounds", 5);
  private static final int SOME = 200;
  private static final int SLOW_SYNC_MICROS = 2_000;

  @SuppressWarnings("NullAway.Init")
  @TempDir
  private Path temp;

  private final Random random = new Random(11);

  @SuppressWarnings("NullAway.Init")
  private Path home;

  @SuppressWarnings("NullAway.Init")
  private FaultyDisk disk;

  private @Nullable PayingProcess running;

  @BeforeEach
  void makeDisk() throws Exception {
    home = temp.resolve("ledger");
    disk = new FaultyDisk(temp, home);
  }

  @AfterEach
  void end() {
    if (running != null) {
      running.end();
    }
  }

  private PayingProcess start() throws IOException {
    PayingProcess next = PayingProcess.start(home, disk, running);
    running = next;
    return next;
  }

  @Test
  void writes_fail_nothingIsAcknowledgedUntilTheyWork() throws Exception {
    payThrough(() -> disk.failWrites(FaultyDisk.EIO), "the disk is failing");
  }

  @Test
  void writes_breakOffInTheMiddle_nothingIsAcknowledgedUntilTheyWork() throws Exception {
    payThrough(() -> disk.tearWrites(FaultyDisk.EIO), "the disk is failing");
  }

  @Test
  void files_cannotGrow_nothingIsAcknowledgedUntilTheyCan() throws Exception {
    payThrough(() -> disk.fill(), "the disk is full");
  }

  @Test
  void syncs_fail_nothingIsAcknowledgedUntilTheyWork() throws Exception {
    payThrough(() -> disk.failSyncs(FaultyDisk.EIO), "the disk is failing");
  }

  /** Lets the disk fail and work again, then kills the process. */
  private void payThrough(Runnable fault, String message) throws Exception {
    PayingProcess payers = start();
    payers.readPayments(SOME);
    fault.run();
    payers.readFailures(1);
    payers.readFailures(SOME);
    assertEquals(0, payers.goodRun(), "acknowledged while the disk failed");
    disk.mend();
    payers.readPayments(SOME);
    payers.kill();
    String first = payers.failures().get(0);
    assertTrue(first.startsWith("the ledger cannot be written: " + message), first);
    check(payers);
  }

  /** As of a signal, or of a network's file system: no error, only more to do. */
  @Test
  void writes_fallShort_everyPaymentGoesOn() throws Exception {
    PayingProcess payers = start();
    disk.shortenWrites();
    payers.readPayments(10 * SOME);
    payers.kill();
    assertTrue(disk.struck() >= SOME, "hardly a write fell short");
    assertEquals(List.of(), payers.failures());
    check(payers);
  }

  /** An acknowledgement before the sync would not outlive this, though it outlives any kill. */
  @Test
  void power_isCut_losesNoAcknowledgedPayment() throws Exception {
    disk.remember();
    disk.delaySyncs(SLOW_SYNC_MICROS);
    int lost = 0;
    for (int round = 0; round < ROUNDS; round++) {
      PayingProcess payers = start();
      payers.readPayments(SOME / 2 + random.nextInt(SOME));
      payers.kill();
      lost += disk.cutPower(random);
      check(payers);
    }
    assertTrue(lost > 0, "the power cuts took nothing away");
  }

  /**
   * A sync that fails leaves behind what reads well and is on no disk. SQLite itself syncs when the
   * connection is given up and when the next one is opened: each of those may fail as well.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void syncs_failThenPowerIsCut_losesNoAcknowledgedPayment(int syncs) throws Exception {
    disk.remember();
    PayingProcess payers = start();
    payers.readPayments(SOME);
    disk.failSyncs(FaultyDisk.EIO, syncs);
    while (disk.syncErrorsLeft() > 0) {
      payers.readFailures(1);
    }
    payers.readPayments(SOME);
    payers.kill();
    disk.cutPower(random);
    check(payers);
  }

  @Test
  void open_whileAnotherProcessPays_isRefused() throws Exception {
    PayingProcess payers = start();
    LedgerUnavailable refusal =
        assertThrows(LedgerUnavailable.class, () -> SqliteLedger.open(home, Settings.DEFAULT));
    assertEquals(
        "the ledger's directory " + home + " is in use by another gateway: one at a time",
        refusal.getMessage());
    payers.readPayments(SOME);
    payers.kill();
    check(payers);
  }

  private void check(PayingProcess payers) throws SQLException {
    try (Ledger ledger = SqliteLedger.open(home, Settings.DEFAULT)) {
      payers.check(Payments.await(ledger.tabs(null, FaultPayers.CHANNELS)));
    }
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + home.resolve("ledger.db"));
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("PRAGMA integrity_check")) {
      assertEquals("ok", row.getString(1));
    }
  }
}
