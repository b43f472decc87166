package io.tollstream.channels.ledger;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tollstream.channels.Ledger;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.ledger.SqliteLedger.Settings;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A real file system, so small that it is full at once. {@link FaultTest} needs no mounting. */
@EnabledOnOs(OS.LINUX)
@Timeout(120)
final class FullDiskTest {
  private static final String SIZE = "size=2m";
  private static final int SOME = 200;

  @SuppressWarnings("NullAway.Init")
  @TempDir
  private Path temp;

  @SuppressWarnings("NullAway.Init")
  private Path mounted;

  @BeforeEach
  void mount() throws Exception {
    mounted = Files.createDirectory(temp.resolve("disk"));
    String at = mounted.toString();
    assumeTrue(run("mount", "-t", "tmpfs", "-o", SIZE, "tmpfs", at), "nobody but root may mount");
  }

  @AfterEach
  void unmount() throws Exception {
    run("umount", "--lazy", mounted.toString());
  }

  private static boolean run(String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command).start().waitFor() == 0;
  }

  private Path home() {
    return mounted.resolve("ledger");
  }

  /** Leaves no byte. */
  private Path fill() throws IOException {
    Path ballast = mounted.resolve("ballast");
    try (OutputStream out = Files.newOutputStream(ballast)) {
      while (true) {
        out.write(new byte[4096]);
      }
    } catch (IOException full) {
      assertTrue(String.valueOf(full.getMessage()).contains("No space left"), full::toString);
      return ballast;
    }
  }

  private String refusal() {
    LedgerUnavailable refusal =
        assertThrows(LedgerUnavailable.class, () -> SqliteLedger.open(home(), Settings.DEFAULT));
    return String.valueOf(refusal.getMessage());
  }

  /** A log that was folded into the file makes room again, so here and there a payment goes on. */
  @Test
  void disk_fillsUp_losesNoAcknowledgedPaymentAndGoesOnWithRoom() throws Exception {
    PayingProcess payers = PayingProcess.start(home(), new FaultyDisk(temp, home()), null);
    try {
      payers.readPayments(SOME);
      Path ballast = fill();
      payers.readFailures(SOME);
      Files.delete(ballast);
      payers.readPayments(SOME);
    } finally {
      payers.kill();
    }
    for (String failure : payers.failures()) {
      assertTrue(failure.contains("the disk is full"), failure);
    }
    // Payers that went on until they were killed may have filled it again with the log.
    assertTrue(run("mount", "-o", "remount,size=8m", mounted.toString()));
    try (Ledger ledger = SqliteLedger.open(home(), Settings.DEFAULT)) {
      payers.check(Payments.await(ledger.tabs(null, FaultPayers.CHANNELS)));
    }
  }

  @Test
  void open_diskIsFull_isRefusedSayingSo() throws IOException {
    Path ballast = fill();
    String refusal = refusal();
    assertTrue(refusal.contains("cannot be opened: the disk is full"), refusal);
    Files.delete(ballast);
    SqliteLedger.open(home(), Settings.DEFAULT).close();
  }

  @Test
  void open_fileSystemIsReadOnly_isRefusedSayingSo() throws Exception {
    SqliteLedger.open(home(), Settings.DEFAULT).close();
    assertTrue(run("mount", "-o", "remount,ro", mounted.toString()));
    String refusal = refusal();
    assertTrue(refusal.contains("Read-only file system"), refusal);
    assertTrue(run("mount", "-o", "remount,rw", mounted.toString()));
    SqliteLedger.open(home(), Settings.DEFAULT).close();
  }
}
