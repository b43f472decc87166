package io.tollstream.gateway.payment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Tab.Phase;
import io.tollstream.gateway.FakeChain.Call;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestViewer;
import io.tollstream.metering.Amount;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Which channels are looked at when, and what a look makes of a tab. */
final class ChannelWatchTest {
  private static final Logger LOGGER = (Logger) LoggerFactory.getLogger(ChannelLook.class);
  private static final Duration NEVER = Duration.ofDays(1);

  private final Desk desk = new Desk();
  private final Channel channel = Desk.PAYER.channel(TestGateway.TERMS, 1_000);
  private final ChannelId id = channel.id();
  private final AtomicLong nanos = new AtomicLong();
  private final List<String> errors = new CopyOnWriteArrayList<>();
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          if (event.getLevel() == Level.ERROR) {
            errors.add(event.getFormattedMessage());
          }
        }
      };
  private final ChannelWatch watch =
      new ChannelWatch(desk.tabs, desk.payments, List.of(desk.chain), nanos::get);

  @BeforeEach
  void openAndSpend() {
    appender.start();
    LOGGER.addAppender(appender);
    desk.opened(channel, 600);
    desk.spend(id, 250);
    watch.follow();
  }

  @AfterEach
  void close() {
    LOGGER.detachAppender(appender);
    desk.close();
  }

  private CompletionStage<Void> touch(ChannelId... ids) {
    return desk.chain.follower().touched(Set.copyOf(Arrays.asList(ids)));
  }

  private static void await(CompletionStage<Void> told) {
    Desk.await(Future.fromCompletionStage(told));
  }

  private Tab tab() {
    return desk.ledger.tab(id);
  }

  private long affordable() {
    return tab().affordable(TestGateway.PER_BYTE, Amount.ZERO);
  }

  private static void assertInVain(CompletionStage<Void> told) {
    CompletionStage<Boolean> inVain = told.handle((done, failure) -> failure != null);
    assertEquals(true, Desk.await(Future.fromCompletionStage(inVain)));
  }

  /** A tick, and what it has looked at. */
  private void tick() {
    Desk.await(watch.tick(NEVER));
  }

  @Test
  void touched_someChannels_onlyThoseWithATabAreRead() {
    Channel strange = Desk.PAYER.channel(TestGateway.TERMS, 77);
    Channel quiet = Desk.PAYER.channel(TestGateway.TERMS, 500);
    desk.opened(quiet, 5);
    desk.chain.topUp(id, 500);
    desk.chain.topUp(quiet.id(), 500);
    int before = desk.chain.calls(Call.READ);
    await(touch(id, strange.id()));
    assertEquals(before + 1, desk.chain.calls(Call.READ));
    assertEquals(Amount.of(1_500), tab().channel().deposit());
    assertEquals(Amount.of(500), desk.ledger.tab(quiet.id()).channel().deposit());
  }

  @Test
  void touched_moreThanAreReadAtOnce_areAllRead() {
    ChannelId[] ids = new ChannelId[40];
    for (int i = 0; i < ids.length; i++) {
      Channel one = Desk.PAYER.channel(TestGateway.TERMS, 500 + i);
      ids[i] = one.id();
      desk.opened(one, 5);
      desk.chain.topUp(one.id(), 1_000);
    }
    await(touch(ids));
    for (ChannelId one : ids) {
      assertTrue(desk.ledger.tab(one).channel().deposit().exceeds(Amount.of(1_000)));
    }
  }

  @Test
  void touched_chainDoesNotAnswer_isInVain() {
    desk.chain.requestClose(id);
    desk.chain.refuse(Call.READ, new Refusal.Unavailable("the node"));
    assertInVain(touch(id));
    await(touch(id));
    TestViewer.eventually(() -> tab().phase() instanceof Phase.Closed);
  }

  @Test
  void touched_ledgerIsDown_isInVain() {
    desk.ledger.down(true);
    assertInVain(touch(id));
    desk.ledger.down(false);
    await(touch(id));
  }

  @Test
  void touched_forcedClose_stopsSellingAndRedeems() {
    desk.chain.requestClose(id);
    desk.chain.hold(Call.CLOSE);
    await(touch(id));
    assertEquals(0, affordable());
    assertInstanceOf(
        Refusal.class, Desk.refusal(desk.take(Desk.PAYER.pay(id, 700))), "no new credit");
    TestViewer.eventually(() -> desk.chain.calls(Call.CLOSE) == 1);
    desk.chain.release(Call.CLOSE);
    TestViewer.eventually(() -> tab().phase() instanceof Phase.Closed);
    assertEquals(List.of("600"), desk.chain.redeemed());
  }

  @Test
  void touched_finalizedWithoutUs_endsItsStreams() {
    Credit credit = desk.credit(tab());
    assertTrue(desk.tabs.join(credit, 4));
    Desk.await(credit.reserve(100, 0));
    List<Refusal> ends = new CopyOnWriteArrayList<>();
    credit.listen(() -> {}, ends::add);
    desk.chain.withdraw(id);
    await(touch(id));
    assertEquals(new Phase.Closed(), tab().phase());
    TestViewer.eventually(() -> ends.equals(List.of(new Refusal.ChannelFinalized(id))));
  }

  @Test
  void touched_ourCloseTakenBack_isRedeemedAgain() {
    desk.taken(Desk.PAYER.close(id, 250));
    assertEquals(new Phase.Closed(), tab().phase());
    desk.chain.open(channel);
    desk.chain.hold(Call.CLOSE);
    await(touch(id));
    assertEquals(new Phase.Closing(Amount.of(250)), tab().phase());
    assertEquals(0, affordable());
    desk.chain.release(Call.CLOSE);
    TestViewer.eventually(() -> tab().phase() instanceof Phase.Closed);
    assertEquals(List.of("250", "250"), desk.chain.redeemed());
  }

  @Test
  void round_endThatWasNotTrue_isFoundOutAndRedeemed() {
    desk.chain.withdraw(id);
    await(touch(id));
    assertEquals(new Phase.Closed(), tab().phase());
    desk.chain.open(channel);
    Desk.await(watch.round());
    TestViewer.eventually(() -> desk.chain.redeemed().equals(List.of("600")));
    TestViewer.eventually(() -> tab().phase() instanceof Phase.Closed);
    int before = desk.chain.calls(Call.READ);
    Desk.await(watch.round());
    assertEquals(before, desk.chain.calls(Call.READ), "paid, and not looked at any more");
  }

  @Test
  void touched_openTakenBack_sellsNothingAndSaysWhatIsAtRisk() {
    desk.chain.forget(id);
    await(touch(id));
    assertEquals(0, affordable());
    assertEquals(1, errors.size(), errors.toString());
    assertTrue(errors.get(0).contains("took back 1000 base units"), errors.get(0));
    assertTrue(errors.get(0).contains(": 250 that were spent"), errors.get(0));
    await(touch(id));
    assertEquals(1, errors.size(), "told once");
    desk.chain.open(channel);
    await(touch(id));
    assertEquals(350, affordable());
  }

  @Test
  void touched_topUpTakenBack_sellsWhatIsCoveredAndSaysWhatIsAtRisk() {
    desk.chain.topUp(id, 500);
    await(touch(id));
    desk.taken(Desk.PAYER.pay(id, 1_400));
    desk.spend(id, 950);
    desk.chain.open(channel);
    await(touch(id));
    assertEquals(0, affordable());
    assertTrue(errors.get(0).contains("took back 500 base units"), errors.get(0));
    assertTrue(errors.get(0).contains(": 200 that were spent"), errors.get(0));
    desk.chain.topUp(id, 500);
    await(touch(id));
    assertEquals(200, affordable());
  }

  @Test
  void touched_topUpTakenBackThatNobodyUsed_putsNothingAtRisk() {
    desk.chain.topUp(id, 500);
    await(touch(id));
    desk.chain.open(channel);
    await(touch(id));
    assertTrue(errors.get(0).contains(": 0 that were spent"), errors.get(0));
    assertEquals(350, affordable());
  }

  @Test
  void tick_depositThatANodeHadNotSeen_isBackWithoutAnEvent() {
    desk.chain.forget(id);
    desk.chain.lag();
    desk.chain.open(channel);
    await(touch(id));
    assertEquals(0, affordable());
    tick();
    assertEquals(0, affordable());
    desk.chain.catchUp();
    tick();
    assertEquals(350, affordable());
  }

  @Test
  void tick_depositLostForGood_isNotLookedForForever() {
    desk.chain.forget(id);
    await(touch(id));
    int before = desk.chain.calls(Call.READ);
    for (int i = 0; i < 20; i++) {
      tick();
    }
    assertEquals(before + 8, desk.chain.calls(Call.READ));
  }

  @Test
  void tick_closeThatDidNotGoThrough_isTakenUpAgain() {
    desk.chain.requestClose(id);
    desk.chain.refuse(Call.CLOSE, new Refusal.Unavailable("gas costs more than the ceiling"));
    await(touch(id));
    TestViewer.eventually(
        () -> desk.chain.calls(Call.CLOSE) == 1 && desk.payments.closing().isEmpty());
    tick();
    TestViewer.eventually(() -> tab().phase() instanceof Phase.Closed);
    assertEquals(2, desk.chain.calls(Call.CLOSE));
  }

  @Test
  void tick_payersCloseThatDidNotGoThrough_isTakenUpAgain() {
    desk.chain.refuse(Call.CLOSE, new Refusal.Unavailable("gas costs more than the ceiling"));
    assertInstanceOf(Refusal.Unavailable.class, Desk.refusal(desk.take(Desk.PAYER.close(id, 250))));
    tick();
    TestViewer.eventually(() -> tab().phase() instanceof Phase.Closed);
    assertEquals(2, desk.chain.calls(Call.CLOSE));
  }

  @Test
  void tick_allIsWell_readsNothing() {
    await(touch(id));
    int before = desk.chain.calls(Call.READ);
    tick();
    assertEquals(before, desk.chain.calls(Call.READ));
  }

  @Test
  void tick_sweepIsDue_findsTheWithdrawThatWasMissed() {
    Desk.await(watch.round());
    desk.chain.withdraw(id);
    Desk.await(watch.tick(Duration.ofMinutes(10)));
    assertEquals(new Phase.Open(), tab().phase());
    nanos.addAndGet(TimeUnit.MINUTES.toNanos(10));
    Desk.await(watch.tick(Duration.ofMinutes(10)));
    TestViewer.eventually(() -> tab().phase() instanceof Phase.Closed);
  }

  @Test
  void tick_chainThatCannotBeFollowed_isSweptMoreOften() {
    desk.chain.requestClose(id);
    desk.chain.followedBefore(Duration.ofSeconds(61));
    nanos.addAndGet(TimeUnit.SECONDS.toNanos(150) - 1);
    tick();
    assertFalse(tab().phase() instanceof Phase.Closed);
    nanos.incrementAndGet();
    tick();
    TestViewer.eventually(() -> tab().phase() instanceof Phase.Closed);
  }

  @Test
  void missed_everything_isLookedAt() {
    Channel second = Desk.PAYER.channel(TestGateway.TERMS, 500);
    desk.opened(second, 200);
    desk.chain.topUp(id, 500);
    desk.chain.topUp(second.id(), 500);
    await(desk.chain.follower().missed());
    assertEquals(Amount.of(1_500), tab().channel().deposit());
    assertEquals(Amount.of(1_000), desk.ledger.tab(second.id()).channel().deposit());
  }

  @Test
  void missed_whileAllAreLookedAt_looksOnceMoreForAllWhoAsked() {
    int before = desk.chain.calls(Call.READ);
    desk.chain.hold(Call.READ);
    CompletionStage<Void> first = desk.chain.follower().missed();
    TestViewer.eventually(() -> desk.chain.calls(Call.READ) == before + 1);
    CompletionStage<Void> second = desk.chain.follower().missed();
    CompletionStage<Void> third = desk.chain.follower().missed();
    desk.chain.topUp(id, 500);
    desk.chain.release(Call.READ);
    await(first);
    await(second);
    await(third);
    assertEquals(before + 2, desk.chain.calls(Call.READ));
  }

  @Test
  void looks_askedForAgainAndAgain_areOneUnderWayAndOneBehind() {
    int before = desk.chain.calls(Call.READ);
    desk.chain.hold(Call.READ);
    CompletionStage<Void> first = touch(id);
    TestViewer.eventually(() -> desk.chain.calls(Call.READ) == before + 1);
    List<CompletionStage<Void>> others =
        List.of(touch(id), touch(id), touch(id), touch(id), touch(id));
    desk.chain.topUp(id, 500);
    desk.chain.release(Call.READ);
    await(first);
    others.forEach(ChannelWatchTest::await);
    assertEquals(before + 2, desk.chain.calls(Call.READ));
    await(touch(id));
    assertEquals(before + 3, desk.chain.calls(Call.READ), "nobody is behind any more");
  }

  @Test
  void looks_atOneChannel_areTakenOverInTheirOrder() {
    int before = desk.chain.calls(Call.READ);
    desk.chain.hold(Call.READ);
    CompletionStage<Void> first = touch(id);
    TestViewer.eventually(() -> desk.chain.calls(Call.READ) == before + 1);
    CompletionStage<Void> second = touch(id);
    desk.chain.topUp(id, 500);
    assertEquals(before + 1, desk.chain.calls(Call.READ), "the second waits for the first");
    desk.chain.release(Call.READ);
    await(first);
    await(second);
    assertEquals(before + 2, desk.chain.calls(Call.READ));
    assertEquals(Amount.of(1_500), tab().channel().deposit());
  }
}
