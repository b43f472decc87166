package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.id;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Ledger;
import io.tollstream.channels.Tab;
import io.tollstream.channels.ledger.SqliteLedger.Settings;
import io.tollstream.metering.Amount;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Kills a process in the middle of writing and looks for every voucher that it acknowledged. */
@Timeout(120)
final class CrashTest {
  private static final int ROUNDS = Integer.getInteger("rounds", 5);
  private static final int SIGKILL_STATUS = 128 + 9;

  @SuppressWarnings("NullAway.Init")
  @TempDir
  private Path temp;

  private final Map<Integer, Long> acknowledged = new HashMap<>();

  @Test
  void kill_inTheMiddleOfWriting_losesNoAcknowledgedVoucher() throws Exception {
    Random random = new Random(7);
    for (int round = 0; round < ROUNDS; round++) {
      runAndKill(200 + random.nextInt(2_000));
      check();
    }
  }

  /** Reads on after the kill: what stands in the pipe was acknowledged as well. */
  private void runAndKill(int lines) throws IOException, InterruptedException {
    Process payers = start();
    try (BufferedReader out = payers.inputReader()) {
      for (int i = 0; i < lines; i++) {
        note(requireNonNull(out.readLine(), "the payers ended by themselves"));
      }
      kill(payers);
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        note(line);
      }
    }
    assertEquals(SIGKILL_STATUS, payers.waitFor());
  }

  /** Not {@link Process#destroyForcibly}: that would close the pipe with lines still in it. */
  private static void kill(Process process) throws IOException, InterruptedException {
    String pid = Long.toString(process.pid());
    assertEquals(0, new ProcessBuilder("kill", "-9", pid).inheritIO().start().waitFor());
  }

  private Process start() throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-Xmx128m"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(CrashPayers.class.getName(), temp.toString()));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  /** A line that the kill cut off has no full stop. */
  private void note(String line) {
    if (line.endsWith(".")) {
      String[] words = line.substring(0, line.length() - 1).split(" ", 2);
      acknowledged.put(Integer.valueOf(words[0]), Long.valueOf(words[1]));
    }
  }

  private void check() {
    try (Ledger ledger = SqliteLedger.open(temp, Settings.DEFAULT)) {
      List<Tab> tabs = Payments.await(ledger.tabs(null, CrashPayers.CHANNELS));
      for (var entry : acknowledged.entrySet()) {
        check(tabs.get(entry.getKey()), entry.getKey(), entry.getValue());
      }
    }
  }

  /** Each payment is a voucher of one more and a byte reserved: both of it, or neither. */
  private static void check(Tab tab, int channel, long amount) {
    assertEquals(id(channel), tab.id());
    Amount kept = tab.authorized();
    assertTrue(kept.compareTo(Amount.of(amount)) >= 0, () -> kept + " of " + amount);
    assertEquals(kept, tab.spent());
  }
}
