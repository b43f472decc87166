package io.tollstream.deploy.crash;

import io.tollstream.channels.Ledger;
import io.tollstream.channels.ledger.SqliteLedger;
import java.nio.file.Path;

/** The ledger that comes with the gateway: one gateway, one directory. */
final class EmbeddedEngine implements Engine {
  private static final String DIRECTORY = "ledger";

  @Override
  public int gateways() {
    return 1;
  }

  @Override
  public String setting(Path home) {
    return "{directory: " + DIRECTORY + "}";
  }

  @Override
  public Ledger open(Path home) {
    return SqliteLedger.open(home.resolve(DIRECTORY), SqliteLedger.Settings.DEFAULT);
  }

  @Override
  public void close() {}

  @Override
  public String toString() {
    return "embedded ledger";
  }
}
