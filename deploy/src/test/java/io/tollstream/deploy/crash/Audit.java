package io.tollstream.deploy.crash;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.Tab;
import io.tollstream.channels.evm.LocalEscrow;
import io.tollstream.metering.Amount;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Holds what gateways, ledger and chain say against the accounts of all payers. */
final class Audit {
  private static final int QUIET_SECONDS = 30;
  private static final int LOOK_MILLIS = 10;
  private static final int PAGE = 500;

  private final Market market;
  private final Cluster cluster;
  private final Load load;

  Audit(Market market, Cluster cluster, Load load) {
    this.market = market;
    this.cluster = cluster;
    this.load = load;
  }

  /** Every gateway's view, once no stream is open on any. */
  void tabs() throws IOException, InterruptedException {
    for (GatewayProcess gateway : cluster.gateways()) {
      awaitQuiet(gateway);
    }
    for (GatewayProcess gateway : cluster.gateways()) {
      compare(gateway.tabs());
    }
    load.incidents().orThrow();
  }

  /**
   * A gateway learns of the end of a stream a little later than the one who broke it off, and has
   * settled it when it no longer counts it.
   */
  private static void awaitQuiet(GatewayProcess gateway) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(QUIET_SECONDS);
    while (!gateway.isQuiet()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(gateway + " does not come to rest:\n" + gateway.messages());
      }
      Thread.sleep(LOOK_MILLIS);
    }
  }

  private void compare(List<TabView> tabs) {
    Map<ChannelId, TabView> left = new HashMap<>();
    tabs.forEach(tab -> left.put(tab.id(), tab));
    for (Account account : load.accounts()) {
      TabView tab = left.remove(account.id());
      if (tab != null) {
        account.audit(tab);
      } else if (account.state() != Account.State.OPENING) {
        throw new AssertionError("the tab of a channel is lost: " + account);
      }
    }
    assertEquals(Map.of(), left, "tabs that nobody opened");
  }

  /** The ledger itself, while no gateway runs. */
  void stored(Ledger ledger) {
    compare(read(ledger).values().stream().map(TabView::of).toList());
  }

  /**
   * The end: every channel is closed for exactly the smallest stored voucher that covers what is
   * spent, and every token is where it belongs.
   */
  void closed(Ledger ledger) {
    Map<ChannelId, Tab> stored = read(ledger);
    Amount all = Amount.ZERO;
    for (Payer payer : load.payers()) {
      Amount paid = Amount.ZERO;
      for (Account account : payer.accounts()) {
        Channel channel = LocalEscrow.ok(account.wallet().read(account.id()));
        Tab tab = stored.get(account.id());
        if (tab == null) {
          throw new AssertionError("the tab of a closed channel is lost: " + account);
        }
        account.auditClosed(channel, tab);
        paid = paid.plus(channel.settled());
      }
      Amount rest = Market.FUNDS.minus(paid);
      assertEquals(rest, market.balance(payer.wallet().address()), "what a payer got back");
      all = all.plus(paid);
    }
    assertEquals(all, market.balance(market.payee()), "what the payee got");
    assertEquals(Amount.ZERO, market.inEscrow(), "what is left in escrow");
  }

  private static Map<ChannelId, Tab> read(Ledger ledger) {
    Map<ChannelId, Tab> tabs = new HashMap<>();
    ChannelId after = null;
    List<Tab> page = new ArrayList<>();
    do {
      page = ledger.tabs(after, PAGE).toCompletableFuture().join();
      for (Tab tab : page) {
        tabs.put(tab.id(), tab);
        after = tab.id();
      }
    } while (page.size() == PAGE);
    return tabs;
  }
}
