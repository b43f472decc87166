package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.id;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.tollstream.channels.Tab;
import io.tollstream.metering.Amount;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A process of {@link FaultPayers}, and what its payers have heard. */
final class PayingProcess {
  private static final int SIGKILL_STATUS = 128 + 9;

  /** Payments of a channel that a kill may keep from being heard of: one done, and one begun. */
  private static final int UNHEARD = 2;

  private final Process process;
  private final BufferedReader out;
  private final long[] acknowledged = new long[FaultPayers.CHANNELS];
  private final long[] attempts = new long[FaultPayers.CHANNELS];
  private final List<String> failures = new ArrayList<>();

  /** Payments acknowledged since the last failure. */
  private int goodRun;

  private PayingProcess(Process process, @Nullable PayingProcess before) {
    this.process = process;
    this.out = process.inputReader();
    if (before != null) {
      System.arraycopy(before.acknowledged, 0, acknowledged, 0, acknowledged.length);
      Arrays.setAll(attempts, i -> before.attempts[i] + UNHEARD);
    }
  }

  /**
   * Starts the payers of a ledger.
   *
   * @param before the process that has paid into it so far, or null
   */
  static PayingProcess start(Path ledger, FaultyDisk disk, @Nullable PayingProcess before)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx128m"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(FaultPayers.class.getName(), ledger.toString()));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    disk.under(builder);
    PayingProcess started = new PayingProcess(builder.start(), before);
    started.readUntil(() -> started.goodRun > 0);
    disk.requireUnder(started.process);
    return started;
  }

  private void readUntil(BooleanSupplier enough) throws IOException {
    while (!enough.getAsBoolean()) {
      note(requireNonNull(out.readLine(), "the payers ended by themselves"));
    }
  }

  /** Until so many payments in a row were acknowledged. */
  void readPayments(int count) throws IOException {
    goodRun = 0;
    readUntil(() -> goodRun >= count);
  }

  /** Until so many more have failed. */
  void readFailures(int count) throws IOException {
    int enough = failures.size() + count;
    readUntil(() -> failures.size() >= enough);
  }

  List<String> failures() {
    return failures;
  }

  int goodRun() {
    return goodRun;
  }

  /** A line that the kill cut off has no full stop. */
  private void note(String line) {
    if (!line.endsWith(".")) {
      return;
    }
    String[] words = line.substring(0, line.length() - 1).split(" ", 2);
    int channel = Integer.parseInt(words[0]);
    attempts[channel]++;
    if (words[1].startsWith("!")) {
      goodRun = 0;
      failures.add(words[1].substring(1));
    } else {
      goodRun++;
      acknowledged[channel] = Long.parseLong(words[1]);
    }
  }

  /**
   * Kills it in the middle of whatever it does, and reads on: what stands in the pipe was
   * acknowledged as well. Not by {@link Process#destroyForcibly}, which would close the pipe.
   */
  void kill() throws IOException, InterruptedException {
    String pid = Long.toString(process.pid());
    assertEquals(0, new ProcessBuilder("kill", "-9", pid).inheritIO().start().waitFor());
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      note(line);
    }
    assertEquals(SIGKILL_STATUS, process.waitFor());
  }

  /** Ends it where a test that failed did not. */
  void end() {
    process.destroyForcibly();
  }

  /**
   * Every payment raises a tab by one voucher and one reserved byte: both or neither; those that
   * were acknowledged did, those that failed, or were not heard of, may have.
   */
  void check(List<Tab> tabs) {
    assertEquals(FaultPayers.CHANNELS, tabs.size(), "tabs");
    for (int channel = 0; channel < FaultPayers.CHANNELS; channel++) {
      Tab tab = tabs.get(channel);
      assertEquals(id(channel), tab.id());
      assertEquals(tab.authorized(), tab.spent());
      Amount least = Amount.of(acknowledged[channel]);
      Amount most = Amount.of(attempts[channel] + UNHEARD);
      assertFalse(
          least.exceeds(tab.authorized()),
          () -> least + " was acknowledged, not " + tab.authorized());
      assertFalse(
          tab.authorized().exceeds(most), () -> most + " was tried, not " + tab.authorized());
    }
  }
}
