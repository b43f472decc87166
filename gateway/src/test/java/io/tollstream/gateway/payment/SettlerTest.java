package io.tollstream.gateway.payment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.SettlementPolicy;
import io.tollstream.channels.SettlementPolicy.Due;
import io.tollstream.channels.Tab;
import io.tollstream.gateway.FakeChain.Call;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestPayer;
import io.tollstream.gateway.TestViewer;
import io.tollstream.gateway.payment.Settler.Outcome;
import io.tollstream.metering.Amount;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class SettlerTest {
  private static final Duration HOUR = Duration.ofHours(1);

  /** Gas is 10 units of one base unit each, and a coin is worth one token. */
  private static final SettlementPolicy POLICY =
      new SettlementPolicy(
          10,
          2,
          HOUR,
          null,
          HOUR.multipliedBy(2),
          Map.of(TestGateway.TERMS.token(), new Amount(SettlementPolicy.COIN)));

  private final Desk desk = new Desk();

  SettlerTest() {
    desk.chain.price(10);
  }

  @AfterEach
  void close() {
    desk.close();
  }

  private Settler settler(boolean contractSigners) {
    return new Settler(
        desk.tabs, desk.payments, desk.chain, POLICY, contractSigners, () -> desk.now);
  }

  private List<Outcome> round() {
    return Desk.await(settler(false).round());
  }

  private ChannelId owing(int payer, long owed) {
    TestPayer paying = new TestPayer(payer, TestGateway.ESCROW);
    Channel channel = paying.channel(TestGateway.TERMS, 1_000);
    desk.opened(paying, channel, 900);
    desk.spend(channel.id(), owed);
    return channel.id();
  }

  private Amount settled(ChannelId id) {
    return desk.chain.of(id).settled();
  }

  @Test
  void round_worthItAndNot_settlesWhatIs() {
    ChannelId small = owing(1, 99);
    ChannelId large = owing(2, 100);
    List<Outcome> outcomes = round();
    assertEquals(List.of(large), outcomes.stream().map(Outcome::channelId).toList());
    assertEquals(Amount.ZERO, settled(small));
    assertEquals(Amount.of(900), settled(large));
    assertEquals(Amount.of(900), desk.ledger.tab(large).channel().settled());
    assertEquals(Amount.ZERO, desk.ledger.tab(large).owed());
    assertTrue(desk.ledger.tab(large).isOpen());
    assertEquals(List.of(), round());
  }

  @Test
  void round_manyOfOneToken_areSettledInBatches() {
    List<ChannelId> ids = new ArrayList<>();
    for (int i = 1; i <= 5; i++) {
      ids.add(owing(i, 100));
    }
    assertEquals(5, round().size());
    ids.forEach(id -> assertEquals(Amount.of(900), settled(id)));
    assertEquals(3, desk.chain.calls(Call.SETTLE), "two batches of two, and one");
    assertEquals(1, desk.chain.calls(Call.QUOTE), "gas is asked for once a round");
  }

  @Test
  void round_batchLeavesOneOut_triesThatOneByItself() {
    ChannelId good = owing(1, 100);
    ChannelId gone = owing(2, 100);
    desk.chain.withdraw(gone);
    Settler settler = settler(false);
    assertEquals(2, Desk.await(settler.round()).size());
    assertEquals(Amount.of(900), settled(good));
    desk.spend(owing(3, 100), 1);
    List<Outcome> next = Desk.await(settler.round());
    assertEquals(2, next.size());
    assertEquals(3, desk.chain.calls(Call.SETTLE), "a batch, then each by itself");
    Outcome refused =
        next.stream().filter(each -> each.channelId().equals(gone)).findFirst().orElseThrow();
    assertInstanceOf(Refusal.TransactionReverted.class, refused.refusal());
    assertEquals(Amount.ZERO, refused.proceeds());
  }

  @Test
  void round_owedForLong_isSettledIfWorthItsGas() {
    ChannelId id = owing(1, 10);
    ChannelId worthless = owing(2, 9);
    desk.now = desk.now.plus(HOUR);
    assertEquals(List.of(id), round().stream().map(Outcome::channelId).toList());
    assertEquals(Amount.ZERO, settled(worthless));
  }

  @Test
  void round_payerGone_closes() {
    ChannelId id = owing(1, 50);
    desk.now = desk.now.plus(HOUR.multipliedBy(3));
    assertEquals(List.of(), round(), "who has gone is not waited for");
    TestViewer.eventually(() -> desk.chain.of(id).finalized());
    assertEquals(Amount.of(900), settled(id));
  }

  @Test
  void round_contractSigns_isSettledSooner() {
    ChannelId id = owing(1, 20);
    desk.chain.deploy(desk.chain.of(id).payer());
    assertEquals(List.of(), round(), "no contract may sign here");
    Desk.await(settler(true).round());
    assertEquals(Amount.of(900), settled(id));
  }

  @Test
  void round_anotherGatewayLeads_doesNothing() {
    ChannelId id = owing(1, 100);
    desk.ledger.shared(true, true);
    assertEquals(List.of(), round());
    desk.ledger.shared(true, false);
    round();
    assertEquals(Amount.of(900), settled(id));
  }

  @Test
  void round_chainCannotBeAsked_triesAgainTheNextTime() {
    ChannelId id = owing(1, 100);
    desk.chain.refuse(Call.QUOTE, new Refusal.Unavailable("the chain"));
    assertEquals(List.of(), round());
    desk.chain.refuse(Call.SETTLE, new Refusal.TransactionPending("0x1"));
    assertInstanceOf(Refusal.TransactionPending.class, round().get(0).refusal());
    assertEquals(Amount.ZERO, settled(id));
    round();
    assertEquals(Amount.of(900), settled(id));
  }

  @Test
  void settleAll_dryRun_tellsGasAndProceedsAndSendsNothing() {
    ChannelId id = owing(1, 10);
    owing(2, 9);
    List<Outcome> planned = Desk.await(settler(false).settleAll(true));
    Outcome expected = new Outcome(id, Due.SETTLE, Amount.of(900), Amount.of(10), null, null);
    assertEquals(List.of(expected), planned);
    assertEquals(0, desk.chain.calls(Call.SETTLE));
    Desk.await(settler(false).settleAll(false));
    assertEquals(Amount.of(900), settled(id));
  }

  @Test
  void settle_one_isSettledWhateverItIsWorth() {
    ChannelId id = owing(1, 1);
    Tab tab = desk.ledger.tab(id);
    assertEquals(1, Desk.await(settler(false).settle(tab, true)).size());
    assertEquals(Amount.ZERO, settled(id));
    assertEquals(Amount.of(900), Desk.await(settler(false).settle(tab, false)).get(0).proceeds());
    assertEquals(Amount.of(900), settled(id));
    assertEquals(List.of(), Desk.await(settler(false).settle(desk.ledger.tab(id), false)));
  }

  @Test
  void close_one_endsItAndTellsTheTransaction() {
    ChannelId id = owing(1, 5);
    Outcome planned = Desk.await(settler(false).close(desk.ledger.tab(id), true)).get(0);
    assertEquals(new Outcome(id, Due.CLOSE, Amount.of(900), Amount.of(10), null, null), planned);
    assertTrue(desk.ledger.tab(id).isOpen());
    Outcome closed = Desk.await(settler(false).close(desk.ledger.tab(id), false)).get(0);
    assertTrue(closed.transactionHash() != null && closed.refusal() == null, closed::toString);
    assertTrue(desk.chain.of(id).finalized());
    assertInstanceOf(Tab.Phase.Closed.class, desk.ledger.tab(id).phase());
  }

  @Test
  void settle_tokenWithoutPrice_isByAgeOnly() {
    SettlementPolicy unpriced = new SettlementPolicy(10, 2, HOUR, null, null, Map.of());
    Settler settler =
        new Settler(desk.tabs, desk.payments, desk.chain, unpriced, false, () -> desk.now);
    ChannelId id = owing(1, 800);
    assertTrue(!desk.ledger.tab(id).channel().token().equals(Address.ZERO));
    assertEquals(List.of(), Desk.await(settler.round()));
    desk.now = desk.now.plus(HOUR);
    assertEquals(1, Desk.await(settler.round()).size());
    assertEquals(Amount.of(900), settled(id));
  }
}
