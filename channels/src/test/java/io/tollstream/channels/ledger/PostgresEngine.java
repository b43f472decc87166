package io.tollstream.channels.ledger;

import io.tollstream.channels.Ledger;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A PostgreSQL server for each directory, and nodes in this process that share it. */
final class PostgresEngine implements LedgerBench.Engine {
  private final int count;
  private final Map<Path, Nodes> nodes = new HashMap<>();

  PostgresEngine(int count) {
    this.count = count;
  }

  @Override
  public List<Ledger> open(Path home) throws IOException {
    Nodes there = nodes.get(home);
    if (there == null) {
      // The server runs as a user of its own, who must get through to its files.
      Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwx--x--x"));
      there = new Nodes(Postgres.in(Files.createDirectory(home.resolve("postgres"))));
      nodes.put(home, there);
    }
    List<Ledger> ledgers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ledgers.add(PostgresLedger.open(PostgresLedger.Settings.of(there.server())));
    }
    return ledgers;
  }

  @Override
  public void end(Path home) {
    Objects.requireNonNull(nodes.remove(home)).postgres().close();
  }
}
