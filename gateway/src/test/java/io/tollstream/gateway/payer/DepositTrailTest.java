package io.tollstream.gateway.payer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.gateway.payer.ChannelAccount.State;
import io.tollstream.gateway.wire.ProblemType;
import io.tollstream.gateway.wire.SessionRequest;
import io.tollstream.metering.Amount;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** No deposit is made twice, forgotten, or left out of the budget. */
class DepositTrailTest {
  private Rig rig;

  @BeforeEach
  void start(@TempDir Path state) {
    rig = new Rig(state);
  }

  @AfterEach
  void stop() {
    assertEquals(List.of(), rig.gateway.violations);
    rig.close();
  }

  private PayerRefusal refused(Future<Buffer> download) {
    return assertThrows(PaymentRefusedException.class, () -> Rig.await(download)).refusal();
  }

  private List<ChannelAccount> onDisk() {
    return ChannelStore.open(rig.state).contents().accounts();
  }

  private Amount budgetLeft() {
    return rig.on(() -> Future.succeededFuture(rig.client.till().budget().left(FakeWallet.TOKEN)));
  }

  private void relayed(long deposit) {
    rig.gateway.feePayer = true;
    rig.gateway.types = List.of("authorization");
    rig.gateway.suggestedDeposit = Amount.of(deposit);
  }

  @Test
  void topUp_refusedByTheGateway_isAuthorizedOnceAndStaysCharged() {
    relayed(60_000);
    rig.gateway.topUpAnswer = ProblemType.CHANNEL_NOT_FOUND;
    Future<Buffer> download = rig.download(Rig.get("/film.mp4"));
    assertInstanceOf(PayerRefusal.DepositUsedUp.class, refused(download));
    assertEquals(List.of("authorizeOpen 60000", "authorizeTopUp 60000"), rig.wallet.calls);
    assertEquals(1, Set.copyOf(rig.gateway.topUps).size());
    assertTrue(rig.gateway.topUps.size() <= 4, rig.gateway.topUps.size() + " in a few seconds");
    assertEquals(Amount.of(10_000_000 - 120_000), budgetLeft());
  }

  @Test
  void topUp_notMinedInTime_isAwaitedAndNotSentAgain() throws Exception {
    rig.gateway.suggestedDeposit = Amount.of(60_000);
    Future<Buffer> download =
        rig.onContext(
            () ->
                rig.client
                    .exchange(Rig.get("/film.mp4"))
                    .run()
                    .onSuccess(head -> rig.wallet.pending = true)
                    .compose(head -> Rig.collect(head.body())));
    rig.until("a top-up", () -> rig.wallet.calls.contains("topUp 60000"));
    Thread.sleep(1_500);
    rig.wallet.change(onDisk().get(0).id(), Amount.of(120_000), 0, false);
    assertEquals(rig.gateway.size, Rig.await(download).length());
    assertEquals(List.of("open 60000", "topUp 60000"), rig.wallet.calls);
  }

  @Test
  void open_twoRecipientsAtOnce_shareTheBudget() {
    rig.restart(Rig.policy(Amount.of(1_200_000), List.of()));
    Offer one = offer(FakeWallet.PAYEE);
    Offer two = offer(new Address("0x" + "66".repeat(20)));
    ChannelBook book = rig.client.book();
    rig.on(() -> Future.join(book.forOffer(one), book.forOffer(two)).otherwiseEmpty());
    assertEquals(Set.of("open 1000000", "open 200000"), Set.copyOf(rig.wallet.calls));
  }

  private Offer offer(Address payee) {
    rig.gateway.payee = payee;
    var challenge = rig.gateway.challenge();
    return new Offer(challenge, SessionRequest.parse(challenge.requestJson()), "/film.mp4");
  }

  @Test
  void open_beforeAnythingIsSent_isOnDiskWithItsSalt() {
    List<ChannelAccount> seen = new CopyOnWriteArrayList<>();
    rig.wallet.opening = () -> seen.addAll(onDisk());
    Rig.await(rig.download(Rig.get("/film.mp4")));
    assertEquals(1, seen.size());
    assertEquals(State.OPENING, seen.get(0).state());
    assertEquals(onDisk().get(0).id(), seen.get(0).id());
    assertEquals(onDisk().get(0).salt(), seen.get(0).salt());
  }

  @Test
  void open_notMinedInTime_isResumedAfterARestart() {
    rig.wallet.pending = true;
    refused(rig.download(Rig.get("/film.mp4")));
    ChannelAccount left = onDisk().get(0);
    assertEquals(State.OPENING, left.state());
    assertEquals(FakeWallet.HASH, left.openHash());
    assertEquals(Amount.of(9_000_000), budgetLeft());
    rig.wallet.pending = false;
    rig.wallet.put(left.id(), left.payee(), left.token(), left.deposit());
    rig.restart(rig.policy);
    Rig.await(rig.download(Rig.get("/film.mp4")));
    assertEquals(List.of("open 1000000"), rig.wallet.calls);
    assertEquals(State.OPEN, onDisk().get(0).state());
  }

  @Test
  void open_thatNeverLeft_leavesNothingBehind() {
    rig.wallet.balance = Amount.of(5);
    assertInstanceOf(PayerRefusal.DepositFailed.class, refused(rig.download(Rig.get("/film.mp4"))));
    assertEquals(List.of(), onDisk());
    assertEquals(Amount.of(10_000_000), budgetLeft());
  }

  @Test
  void relayedOpen_notFinalYet_isSentAgainAndNothingElse() {
    relayed(1_000_000);
    rig.gateway.notFinal.set(3);
    Rig.await(rig.download(Rig.get("/film.mp4")));
    assertEquals(4, rig.gateway.opens.size());
    assertEquals(1, Set.copyOf(rig.gateway.opens).size());
    assertEquals(List.of(), rig.gateway.strangers);
    assertEquals(List.of("authorizeOpen 1000000"), rig.wallet.calls);
  }

  @Test
  void relayedOpen_unansweredBeforeARestart_isSentAgainAfterIt() {
    relayed(1_000_000);
    rig.gateway.gone = true;
    refused(rig.download(Rig.get("/film.mp4")));
    rig.restart(rig.policy);
    rig.gateway.gone = false;
    rig.gateway.forget();
    Rig.await(rig.download(Rig.get("/film.mp4")));
    assertEquals(1, Set.copyOf(rig.gateway.opens).size());
    assertEquals(List.of(), rig.gateway.strangers);
    assertEquals(List.of("authorizeOpen 1000000"), rig.wallet.calls);
    assertEquals(null, onDisk().get(0).openPayload());
  }
}
