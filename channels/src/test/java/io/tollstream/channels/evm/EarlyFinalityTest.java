package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static io.tollstream.channels.evm.LocalEscrow.refusal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Wallet.Deposited;
import io.tollstream.metering.Amount;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Small deposits that count before they are final, on a real chain. */
final class EarlyFinalityTest {
  private static final int CONFIRMATIONS = 20;
  private static final Amount SMALL = Amount.of(1_000);
  private static final Amount AT_RISK = Amount.of(3_500);

  private final LocalEscrow local = LocalEscrow.start();
  private final EvmWallet wallet = new EvmWallet(local.escrow, local.payer);
  private final EvmChain chain =
      new EvmChain(
          new EvmEscrow(
              local.escrow.network(),
              local.escrow.contract(),
              local.escrow.domainName(),
              Finality.confirmations(CONFIRMATIONS),
              new EarlyFinality(local.token, 1, SMALL, AT_RISK)),
          local.payee);

  @AfterEach
  void stop() {
    chain.close();
    wallet.close();
    local.close();
  }

  private Deposited open(Amount deposit) {
    return ok(wallet.open(local.payee.address(), local.token, deposit));
  }

  private CompletionStage<Result<Channel>> await(Deposited opened) {
    return chain.awaitOpen(opened.transactionHash(), opened.channel().id());
  }

  private void makeAllFinal() {
    local.anvil.mine(CONFIRMATIONS);
  }

  @Test
  void open_small_countsAtOnceAndALargeOneWaits() {
    Deposited small = open(SMALL);
    Deposited large = open(SMALL.plus(Amount.of(1)));
    assertEquals(SMALL, ok(await(small)).deposit());
    assertEquals(SMALL, ok(chain.read(small.channel().id())).deposit());
    assertEquals(Amount.ZERO, ok(chain.read(large.channel().id())).deposit());
    var waiting = await(large);
    makeAllFinal();
    assertEquals(large.channel(), ok(waiting));
  }

  @Test
  void open_smallInAnotherToken_waits() {
    Deposited coin = ok(wallet.open(local.payee.address(), Address.ZERO, SMALL));
    assertEquals(Amount.ZERO, ok(chain.read(coin.channel().id())).deposit());
    makeAllFinal();
    assertEquals(SMALL, ok(chain.read(coin.channel().id())).deposit());
  }

  @Test
  void topUp_small_countsAtOnceAndTheNextWhenThereIsRoom() {
    Channel channel = open(SMALL).channel();
    makeAllFinal();
    Deposited first = ok(wallet.topUp(channel, SMALL));
    Amount two = SMALL.plus(SMALL);
    assertEquals(two, ok(chain.awaitTopUp(first.transactionHash(), channel.id(), SMALL)).deposit());
    Deposited second = ok(wallet.topUp(channel, SMALL));
    assertEquals(two, ok(chain.read(channel.id())).deposit());
    var waiting = chain.awaitTopUp(second.transactionHash(), channel.id(), SMALL);
    makeAllFinal();
    assertEquals(two.plus(SMALL), ok(waiting).deposit());
  }

  @Test
  void opens_moreAtOnceThanMayBeAtRisk_countUpToTheBoundAndTheRestWhenFinal() {
    List<Deposited> opened = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      opened.add(open(SMALL));
    }
    var reads = opened.stream().map(each -> chain.read(each.channel().id())).toList();
    long early = reads.stream().filter(read -> ok(read).deposit().equals(SMALL)).count();
    assertEquals(3, early);
    var again = opened.stream().map(each -> chain.read(each.channel().id())).toList();
    for (int i = 0; i < opened.size(); i++) {
      assertEquals(
          LocalEscrow.await(reads.get(i)), LocalEscrow.await(again.get(i)), "what counted, counts");
    }
    makeAllFinal();
    opened.forEach(each -> assertEquals(SMALL, ok(chain.read(each.channel().id())).deposit()));
    assertEquals(SMALL, ok(await(open(SMALL))).deposit());
  }

  @Test
  void openAndTopUp_takenBackByTheChain_countNoMoreAndLeaveRoom() {
    ChannelId keeps = open(SMALL).channel().id();
    makeAllFinal();
    String snapshot = local.anvil.rpc("evm_snapshot").asText();
    ok(wallet.topUp(ok(chain.read(keeps)), SMALL));
    List<ChannelId> gone = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      gone.add(ok(await(open(SMALL))).id());
    }
    assertEquals(SMALL.plus(SMALL), ok(chain.read(keeps)).deposit());
    local.anvil.rpc("evm_revert", snapshot);
    local.anvil.mine(10); // another chain, and longer
    assertEquals(SMALL, ok(chain.read(keeps)).deposit());
    gone.forEach(id -> assertInstanceOf(Refusal.ChannelNotFound.class, refusal(chain.read(id))));
    try (EvmWallet fresh = new EvmWallet(local.escrow, local.payer)) {
      for (int i = 0; i < 3; i++) {
        Deposited opened = ok(fresh.open(local.payee.address(), local.token, SMALL));
        assertEquals(SMALL, ok(await(opened)).deposit(), "room for all");
      }
    }
  }
}
