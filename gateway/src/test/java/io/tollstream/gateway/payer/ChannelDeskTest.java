package io.tollstream.gateway.payer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.ChannelId;
import io.tollstream.gateway.payer.ChannelAccount.State;
import io.tollstream.metering.Amount;
import io.vertx.core.Future;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChannelDeskTest {
  private Rig rig;
  private ChannelStore store;

  @BeforeEach
  void start(@TempDir Path state) {
    rig = new Rig(state);
    store = ChannelStore.open(state);
    Rig.await(rig.download(Rig.get("/film.mp4")));
    rig.on(() -> rig.client.finish());
  }

  @AfterEach
  void stop() {
    rig.close();
  }

  private ChannelAccount account() {
    return store.contents().accounts().get(0);
  }

  private ChannelDesk.Done act(Function<ChannelDesk, Future<ChannelDesk.Done>> work) {
    return rig.on(
        () -> {
          GatewayLink link = new GatewayLink(rig.vertx, rig.origin);
          return work.apply(new ChannelDesk(rig.context, store, new FakeWallets(rig.wallet), link));
        });
  }

  private String refusal(Function<ChannelDesk, Future<ChannelDesk.Done>> work) {
    return String.valueOf(assertThrows(Exception.class, () -> act(work)).getMessage());
  }

  @Test
  void close_agreed_sendsExactlyWhatWasSpent() {
    ChannelId id = account().id();
    ChannelDesk.Done done = act(desk -> desk.close(id));
    assertEquals("close 102400", rig.gateway.log.get(rig.gateway.log.size() - 1));
    assertEquals(State.CLOSED, account().state());
    assertEquals("", done.note());
  }

  @Test
  void close_takenButNotDone_isNotBelieved() {
    ChannelId id = account().id();
    rig.gateway.closes = false;
    assertTrue(refusal(desk -> desk.close(id)).contains("the chain does not show"));
    assertEquals(State.OPEN, account().state());
  }

  @Test
  void close_closedAlready_needsNoGateway() {
    ChannelId id = account().id();
    rig.wallet.change(id, account().deposit(), 0, true);
    rig.gateway.forget();
    assertTrue(act(desk -> desk.close(id)).note().contains("already"));
    assertEquals(State.CLOSED, account().state());
  }

  @Test
  void close_lostBytesCharged_tellsHowMuch() {
    ChannelId id = account().id();
    store.save(account().deposited(Amount.of(1_000_000)).signed(Amount.of(110_000)));
    rig.gateway.lyingSpent = Amount.of(102_500);
    ChannelDesk.Done done = act(desk -> desk.close(id));
    assertTrue(done.note().startsWith("100 base units"), done.note());
  }

  @Test
  void close_moreClaimedThanSigned_isRefused() {
    ChannelId id = account().id();
    rig.gateway.lyingSpent = account().signed().plus(Amount.of(1));
    assertTrue(refusal(desk -> desk.close(id)).contains("claims"));
    assertEquals(State.OPEN, account().state());
    assertTrue(rig.gateway.log.stream().noneMatch(line -> line.startsWith("close")));
  }

  @Test
  void close_inUseElsewhere_saysSo() {
    ChannelId id = account().id();
    try (ChannelStore.Lease held = store.lease(id)) {
      assertTrue(refusal(desk -> desk.close(id)).contains("in use by another process"));
      assertTrue(held != null);
    }
  }

  @Test
  void withdraw_withoutARequest_saysWhatToDo() {
    ChannelId id = account().id();
    assertTrue(refusal(desk -> desk.withdraw(id)).contains("request-close"));
  }

  @Test
  void withdraw_withinTheGrace_saysWhen() {
    ChannelId id = account().id();
    ChannelDesk.Done done = act(desk -> desk.requestClose(id));
    assertTrue(done.note().contains("can be withdrawn from"), done.note());
    assertEquals(State.CLOSING, account().state());
    assertTrue(refusal(desk -> desk.withdraw(id)).contains("withdraw from"));
    assertEquals(List.of("open 1000000", "requestClose"), rig.wallet.calls);
  }

  @Test
  void withdraw_afterTheGrace_closes() {
    ChannelId id = account().id();
    rig.wallet.grace = Duration.ZERO;
    act(desk -> desk.requestClose(id));
    act(desk -> desk.withdraw(id));
    assertEquals(State.CLOSED, account().state());
    assertTrue(refusal(desk -> desk.withdraw(id)).contains("nothing is left"));
  }

  @Test
  void download_channelClosedMeanwhile_opensAnother() {
    ChannelId id = account().id();
    rig.wallet.change(id, account().deposit(), 0, true);
    rig.client = rig.newClient();
    Rig.await(rig.download(Rig.get("/film.mp4")));
    assertEquals(2, store.contents().accounts().size());
    assertEquals(State.CLOSED, account().state());
  }
}
