package io.tollstream.channels.ledger;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Reads the lines of several runs of {@link LedgerBench} and prints their medians. */
final class BenchTable {
  private static final List<String> COLUMNS =
      List.of("perSecond", "p50Millis", "p99Millis", "maxMillis", "cpuMicros", "loadBefore");

  /** What was measured: on how slow a disk, what, with how many channels. */
  private record Row(String extraSyncMillis, String what, String channels) {}

  private final Map<Row, List<double[]>> runs = new LinkedHashMap<>();

  private BenchTable() {}

  public static void main(String[] args) throws IOException {
    BenchTable table = new BenchTable();
    try (var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      in.lines().map(line -> line.split(" ")).forEach(table::add);
    }
    table.print(System.out);
    Files.writeString(Path.of(args[0]), table.json() + "\n");
  }

  private void add(String[] words) {
    double[] numbers = new double[COLUMNS.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Double.parseDouble(words[3 + i]);
    }
    Row row = new Row(words[0], words[1], words[2]);
    runs.computeIfAbsent(row, any -> new ArrayList<>()).add(numbers);
  }

  private double median(Row row, String column) {
    double[] sorted =
        runs.getOrDefault(row, List.of()).stream()
            .mapToDouble(numbers -> numbers[COLUMNS.indexOf(column)])
            .sorted()
            .toArray();
    return sorted[sorted.length / 2];
  }

  /** How many times the rate of bare writes on the same disk. */
  private double timesBare(Row row) {
    Row bare = new Row(row.extraSyncMillis, LedgerBench.BARE, "1");
    return median(row, "perSecond") / median(bare, "perSecond");
  }

  private void print(PrintStream out) {
    out.println(
        "| fsync | what | channels | per second | x bare | p50 ms | p99 ms | max ms | CPU us |");
    out.println("|---|---|---|---|---|---|---|---|---|");
    for (Row row : runs.keySet()) {
      out.printf(
          Locale.ROOT,
          "| %s | %s | %s | %,.0f | %.1f | %.2f | %.2f | %.1f | %.0f |%n",
          row.extraSyncMillis.equals("0") ? "as it is" : row.extraSyncMillis + " ms more",
          row.what,
          row.channels,
          median(row, "perSecond"),
          timesBare(row),
          median(row, "p50Millis"),
          median(row, "p99Millis"),
          median(row, "maxMillis"),
          median(row, "cpuMicros"));
    }
    out.println();
    out.printf("Medians of %d runs.%n", runs.values().iterator().next().size());
    machine().forEach((name, value) -> out.println("- " + name + ": " + value));
  }

  private Map<String, Object> machine() {
    Map<String, Object> machine = new LinkedHashMap<>();
    machine.put("java", System.getProperty("java.vm.version"));
    machine.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    machine.put("processors", Runtime.getRuntime().availableProcessors());
    List<Double> loads = new ArrayList<>();
    runs.forEach(
        (row, numbers) -> numbers.forEach(each -> loads.add(each[COLUMNS.indexOf("loadBefore")])));
    machine.put("load average before each measurement", loads);
    return machine;
  }

  private String json() throws IOException {
    List<Map<String, Object>> rows = new ArrayList<>();
    runs.forEach((row, numbers) -> rows.add(json(row, numbers)));
    return new ObjectMapper()
        .writerWithDefaultPrettyPrinter()
        .writeValueAsString(Map.of("machine", machine(), "rows", rows));
  }

  private Map<String, Object> json(Row row, List<double[]> numbers) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("extraSyncMillis", Double.valueOf(row.extraSyncMillis));
    fields.put("what", row.what);
    fields.put("channels", Integer.valueOf(row.channels));
    for (String column : COLUMNS) {
      fields.put(column, median(row, column));
    }
    fields.put("timesBare", timesBare(row));
    fields.put("perSecondOfEachRun", numbers.stream().map(each -> each[0]).toList());
    return fields;
  }
}
