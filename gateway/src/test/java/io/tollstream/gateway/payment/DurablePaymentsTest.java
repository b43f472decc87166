package io.tollstream.gateway.payment;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tollstream.channels.Channel;
import io.tollstream.channels.Result;
import io.tollstream.channels.Tab;
import io.tollstream.channels.ledger.SqliteLedger;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestViewer;
import io.tollstream.metering.Amount;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Payments over the ledger that a gateway really runs on, and what a restart leaves of them. */
final class DurablePaymentsTest {
  @TempDir private Path directory = Path.of(".");

  @Test
  void restart_afterPaymentsAndReservations_findsThemAllAndSellsOn() {
    Channel channel = Desk.PAYER.channel(TestGateway.TERMS, 1_000);
    Tab before;
    try (SqliteLedger ledger = open();
        Desk desk = new Desk(ledger)) {
      desk.opened(channel, 100);
      desk.taken(Desk.PAYER.pay(channel.id(), 400));
      before = reserve(desk, channel, 250).recover(ledger.node()).answer();
    }
    try (SqliteLedger ledger = open();
        Desk desk = new Desk(ledger)) {
      assertEquals(before, Desk.await(desk.tabs.find(channel.id())).orElseThrow());
      assertEquals(before, desk.taken(Desk.PAYER.pay(channel.id(), 100)));
      assertEquals(Amount.of(400), reserve(desk, channel, 500).spent());
    }
  }

  @Test
  void restart_whileACloseWasPending_isFinishedByTheWatch() {
    Channel channel = Desk.PAYER.channel(TestGateway.TERMS, 1_000);
    try (SqliteLedger ledger = open();
        Desk desk = new Desk(ledger)) {
      desk.opened(channel, 100);
      Desk.await(desk.tabs.beginClose(channel.id(), Desk.PAYER.voucher(channel.id(), 60)));
    }
    try (SqliteLedger ledger = open();
        Desk desk = new Desk(ledger)) {
      desk.chain.open(channel);
      Desk.await(new ChannelWatch(desk.tabs, desk.payments, List.of(desk.chain)).round());
      TestViewer.eventually(() -> desk.chain.of(channel.id()).finalized());
      assertEquals(List.of("60"), desk.chain.redeemed());
    }
  }

  private static Tab reserve(Desk desk, Channel channel, long quanta) {
    var granted = Desk.await(desk.reserve(channel.id(), quanta));
    return ((Result.Ok<Tab.Grant>) granted).value().tab();
  }

  private SqliteLedger open() {
    return SqliteLedger.open(directory, SqliteLedger.Settings.DEFAULT);
  }
}
