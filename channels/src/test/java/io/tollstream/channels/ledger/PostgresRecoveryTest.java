package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.ledger.Payments.assertUnavailable;
import static io.tollstream.channels.ledger.Payments.await;
import static io.tollstream.channels.ledger.Payments.pay;
import static io.tollstream.channels.ledger.Payments.until;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tollstream.channels.Ledger.Step;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Dead nodes, some of whose tabs cannot be read. */
@Timeout(120)
final class PostgresRecoveryTest {
  /** As many as are looked at together. */
  private static final int BROKEN = 1_000;

  private static final int FIRST = BROKEN + 1;

  /** Their ids come before those of all others. */
  private static final String BREAK_TABS =
      """
      INSERT INTO tab (channel_id, chain_id, escrow, payer, payee, token, authorized_signer,
        deposit, settled, close_requested_at, finalized, phase, redeem, brought_forward, revision)
      SELECT decode(lpad(to_hex(i), 64, '0'), 'hex'), chain_id, escrow, payer, payee, token,
        authorized_signer, deposit, settled, close_requested_at, finalized, phase, redeem,
        brought_forward, revision
      FROM (SELECT * FROM tab LIMIT 1) AS t, generate_series(1, %d) AS i
      """
          .formatted(BROKEN);

  private static final String RESERVE =
      """
      INSERT INTO reservation (channel_id, node_id, number, price, unit, granted, used)
      SELECT channel_id, '%s', 1, lpad('1', 39, '0'), 'byte', %d, 0 FROM tab WHERE %s
      """;

  private static final String IS_BROKEN = "channel_id < '\\x" + id(FIRST).hex().substring(2) + "'";

  private final Nodes nodes = new Nodes(Postgres.shared());

  private static String node(int number) {
    return "\\x" + "0".repeat(31) + number;
  }

  private static String is(int number) {
    return "channel_id = '\\x" + id(number).hex().substring(2) + "'";
  }

  /** Dead since ever; more is granted on broken tabs than stands on their bills. */
  private void die(int node, String... reservations) {
    StringBuilder sql = new StringBuilder("BEGIN;");
    sql.append("INSERT INTO node VALUES ('%s', 'dead', 0, 0);".formatted(node(node)));
    for (String each : reservations) {
      int granted = each.equals(IS_BROKEN) ? 5 : 0;
      sql.append(RESERVE.formatted(node(node), granted, each)).append(';');
      sql.append("UPDATE tab SET revision = revision + 1 WHERE %s;".formatted(each));
    }
    nodes.execute(sql.append("COMMIT").toString());
  }

  private long left(int node) {
    return nodes.number(
        "SELECT count(*) FROM reservation WHERE node_id = '%s'".formatted(node(node)));
  }

  @Test
  void deadNode_withTabsThatCannotBeRead_holdsUpNoOtherTabAndNoOtherNode()
      throws InterruptedException {
    try (PostgresLedger ledger = nodes.open()) {
      for (int channel = FIRST; channel < FIRST + 3; channel++) {
        await(ledger.apply(id(channel), pay(channel, 10)));
      }
      nodes.execute(BREAK_TABS);
      die(1, IS_BROKEN, is(FIRST));
      die(2, is(FIRST + 1));
      die(3, is(FIRST + 2));

      until(() -> nodes.number("SELECT count(*) FROM node") == 2);
      until(() -> left(1) == BROKEN);
      assertEquals(0, nodes.number("SELECT count(*) FROM reservation WHERE " + is(FIRST)));
      assertUnavailable(ledger.apply(id(1), tab -> Step.keep(true)));

      nodes.execute("UPDATE reservation SET granted = 0");
      until(() -> nodes.number("SELECT count(*) FROM node") == 1);
    }
  }
}
