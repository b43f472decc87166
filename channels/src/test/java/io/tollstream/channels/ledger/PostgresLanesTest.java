package io.tollstream.channels.ledger;

import io.tollstream.channels.Ledger;

/** The contract holds however many groups are under way at once. */
final class PostgresLanesTest extends LedgerContractTest {
  private final Nodes nodes = new Nodes(Postgres.shared()).lanes(3);

  @Override
  protected Ledger open() {
    return nodes.open();
  }
}
