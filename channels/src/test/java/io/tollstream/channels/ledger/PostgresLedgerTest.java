package io.tollstream.channels.ledger;

import io.tollstream.channels.Ledger;

/** The contract, on a real PostgreSQL. */
final class PostgresLedgerTest extends LedgerContractTest {
  private final Nodes nodes = new Nodes(Postgres.shared());

  @Override
  protected Ledger open() {
    return nodes.open();
  }
}
