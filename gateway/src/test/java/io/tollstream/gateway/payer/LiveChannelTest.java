package io.tollstream.gateway.payer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.gateway.payer.ChannelAccount.State;
import io.tollstream.gateway.wire.SessionRequest;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Bill;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LiveChannelTest {
  private static final int CHUNK = 1_024; // bytes, or milliseconds
  private static final long WINDOW = 64 << 10;
  private static final Tariff PENNY = new Tariff(Amount.of(3), TariffUnit.KIB);

  static ChannelAccount account(int number, long deposit) {
    return new ChannelAccount(
        new ChannelId(String.format("0x%064x", number)),
        FakeWallet.ESCROW,
        new Address("0x" + "01".repeat(20)),
        FakeWallet.PAYEE,
        FakeWallet.TOKEN,
        "0x" + "00".repeat(32),
        Amount.of(deposit),
        Amount.ZERO,
        Bill.EMPTY,
        Amount.ZERO,
        "http://127.0.0.1:1",
        "/film.mp4",
        "0x" + "11".repeat(32),
        null,
        Instant.EPOCH,
        State.OPEN);
  }

  private static SessionRequest offer(Tariff tariff, long minDelta) {
    return new SessionRequest(
        tariff,
        Amount.of(1_000),
        FakeWallet.TOKEN,
        FakeWallet.PAYEE,
        null,
        FakeWallet.ESCROW,
        Amount.of(minDelta),
        false,
        List.of("hash"),
        null,
        CHUNK,
        null);
  }

  private final RunBudget budget = new RunBudget(Amount.of(100_000));
  private final SpendingPolicy policy =
      new SpendingPolicy(
          java.util.Set.of(),
          java.util.Set.of(),
          java.util.Set.of(),
          List.of(),
          Amount.of(100_000),
          null,
          WINDOW);

  private LiveChannel channel(long deposit, Tariff tariff, long minDelta) {
    ChannelAccount account = account(1, deposit);
    budget.join(account, Amount.of(deposit));
    return new LiveChannel(account, offer(tariff, minDelta), policy, budget);
  }

  /** A channel of this run that its gateway refuses. */
  static void stopped(ChannelAccount account, Amount deposited, RunBudget budget) {
    budget.join(account, deposited);
    SpendingPolicy any = SpendingPolicy.unlimitedBut(Amount.of(100_000));
    new LiveChannel(account, offer(PENNY, 0), any, budget).in(State.STOPPED);
  }

  private static Amount sign(LiveChannel channel) {
    Amount due = channel.due();
    assertNotNull(due);
    channel.sign(due);
    return due;
  }

  @Test
  void due_freshChannel_coversTwoFirstChunks() {
    LiveChannel channel = channel(10_000, PENNY, 0);
    channel.begin(PENNY);
    assertEquals(PENNY.cost(2L * CHUNK), channel.due());
  }

  @Test
  void due_demandBeforeTheFirstChunk_staysAtTwoChunks() {
    LiveChannel channel = channel(10_000, PENNY, 0);
    PaidStream stream = channel.begin(PENNY);
    stream.begins(PaidStream.UNKNOWN);
    sign(channel);
    channel.demands(Amount.of(9_000));
    assertNull(channel.due());
  }

  @Test
  void due_demandAfterTheFirstChunk_isMetWithinTheWindowOnly() {
    LiveChannel channel = channel(10_000, PENNY, 0);
    PaidStream stream = channel.begin(PENNY);
    stream.begins(PaidStream.UNKNOWN);
    sign(channel);
    channel.received(stream, 2 * CHUNK, 10);
    channel.demands(Amount.of(9_999));
    assertEquals(PENNY.cost(2 * CHUNK + WINDOW), sign(channel));
    channel.demands(Amount.of(9_999));
    assertNull(channel.due());
  }

  @Test
  void due_bodyOfKnownLength_endsWithIt() {
    LiveChannel channel = channel(10_000, PENNY, 0);
    PaidStream stream = channel.begin(PENNY);
    stream.begins(3L * CHUNK);
    sign(channel);
    channel.received(stream, 2 * CHUNK, 10);
    assertEquals(PENNY.cost(3L * CHUNK), sign(channel));
    channel.received(stream, CHUNK, 20);
    assertNull(channel.due());
  }

  @Test
  void due_demandForWhatWasLostUnnoticed_isMet() {
    LiveChannel channel = channel(10_000, PENNY, 0);
    PaidStream stream = channel.begin(PENNY);
    stream.begins(PaidStream.UNKNOWN);
    sign(channel);
    channel.received(stream, 2 * CHUNK, 10);
    channel.cancel(stream);
    channel.begin(PENNY);
    channel.demands(PENNY.cost(9L * CHUNK));
    assertEquals(PENNY.cost(9L * CHUNK), sign(channel));
  }

  @Test
  void due_stepBelowTheLeastDelta_isRaisedToIt() {
    LiveChannel channel = channel(10_000, PENNY, 50);
    PaidStream stream = channel.begin(PENNY);
    stream.begins(PaidStream.UNKNOWN);
    sign(channel);
    channel.received(stream, 2 * CHUNK, 10);
    assertEquals(Amount.of(56), channel.due());
  }

  @Test
  void due_nearTheDeposit_isTheDeposit() {
    LiveChannel channel = channel(7, PENNY, 50);
    PaidStream stream = channel.begin(PENNY);
    stream.begins(PaidStream.UNKNOWN);
    assertEquals(Amount.of(6), sign(channel));
    channel.received(stream, 2 * CHUNK, 10);
    assertEquals(Amount.of(7), sign(channel));
    assertFalse(channel.isDry());
    channel.received(stream, CHUNK / 3, 20);
    assertTrue(channel.isDry());
  }

  @Test
  void dryness_budgetUsedUp_namesTheBudget() {
    RunBudget tight = new RunBudget(Amount.of(6));
    ChannelAccount account = account(1, 1_000);
    tight.join(account, Amount.ZERO);
    LiveChannel channel = new LiveChannel(account, offer(PENNY, 0), policy, tight);
    PaidStream stream = channel.begin(PENNY);
    stream.begins(PaidStream.UNKNOWN);
    sign(channel);
    channel.received(stream, 2 * CHUNK, 10);
    assertTrue(channel.isDry());
    assertInstanceOf(PayerRefusal.BudgetTooSmall.class, channel.dryness());
  }

  @Test
  void topUp_depositNear_addsWithinTheBudget() {
    LiveChannel channel = channel(10, PENNY, 0);
    PaidStream stream = channel.begin(PENNY);
    stream.begins(PaidStream.UNKNOWN);
    assertEquals(Amount.of(1_000), channel.topUp());
  }

  @Test
  void topUp_bodyThatTheDepositCovers_addsNothing() {
    LiveChannel channel = channel(10, PENNY, 0);
    channel.begin(PENNY).begins(3L * CHUNK);
    assertNull(channel.topUp());
  }

  @Test
  void claims_moreThanAWindowBeyondTheCount_stopsTheChannel() {
    LiveChannel channel = channel(100_000, PENNY, 0);
    PaidStream stream = channel.begin(PENNY);
    stream.begins(PaidStream.UNKNOWN);
    channel.received(stream, CHUNK, 10);
    assertNull(channel.claims(PENNY.cost(CHUNK + WINDOW)));
    assertInstanceOf(
        PayerRefusal.Disputed.class, channel.claims(PENNY.cost(CHUNK + WINDOW + CHUNK)));
    assertEquals(State.STOPPED, channel.account().state());
  }

  @Test
  void isWorn_lostBytesNearTheWindow_asksForAnotherChannel() {
    LiveChannel channel = channel(100_000, PENNY, 0);
    assertNull(channel.claims(PENNY.cost(WINDOW / 2)));
    assertFalse(channel.isWorn());
    assertNull(channel.claims(PENNY.cost(WINDOW - CHUNK)));
    assertTrue(channel.isWorn());
  }

  @Test
  void sign_lowerThanBefore_isABug() {
    LiveChannel channel = channel(1_000, PENNY, 0);
    channel.sign(Amount.of(5));
    assertThrows(IllegalArgumentException.class, () -> channel.sign(Amount.of(4)));
    assertThrows(IllegalArgumentException.class, () -> channel.sign(Amount.of(1_001)));
  }

  @Test
  void due_timeTariff_coversSecondsOfFlow() {
    Tariff second = new Tariff(Amount.of(10), TariffUnit.SECOND);
    LiveChannel channel = channel(100_000, second, 0);
    PaidStream stream = channel.begin(second);
    stream.begins(1 << 20);
    assertEquals(second.cost(2L * CHUNK), sign(channel));
    channel.received(stream, 100_000, 5_000);
    channel.received(stream, 100_000, 5_400);
    channel.received(stream, 100_000, 60_000);
    assertEquals(second.cost(1 + 400 + 1_000), channel.account().cost());
  }

  /** The rule itself, over anything that a server and players can do. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
  void signed_overAnySequence_neverExceedsReceivedAndOneWindow(long seed) {
    Random random = new Random(seed);
    Tariff tariff = new Tariff(Amount.of(1 + random.nextInt(5_000)), TariffUnit.KIB);
    long deposit = 1_000L + random.nextInt(60_000);
    LiveChannel channel = channel(deposit, tariff, random.nextInt(3) * 40L);
    List<PaidStream> streams = new ArrayList<>();
    long received = 0;
    long now = 0;
    Amount before = Amount.ZERO;
    for (int step = 0; step < 2_000; step++) {
      now += random.nextInt(40);
      switch (random.nextInt(8)) {
        case 0 -> streams.add(channel.begin(tariff));
        case 1 -> {
          if (!streams.isEmpty()) {
            pick(streams, random)
                .begins(random.nextBoolean() ? PaidStream.UNKNOWN : random.nextInt(1 << 20));
          }
        }
        case 2 -> channel.demands(Amount.of(random.nextInt(200_000)));
        case 3 -> {
          if (!streams.isEmpty()) {
            PaidStream stream = pick(streams, random);
            streams.remove(stream);
            if (random.nextBoolean()) {
              channel.cancel(stream);
            } else {
              channel.end(stream);
            }
          }
        }
        case 4 -> {
          channel.window().acknowledged(random.nextInt(3_000));
          Amount claim = Amount.of(random.nextInt(200_000)).min(before);
          assertNull(channel.claims(claim), "what is signed may be claimed");
        }
        default -> {
          if (!streams.isEmpty()) {
            int bytes = 1 + random.nextInt(9_000);
            received += bytes;
            channel.received(pick(streams, random), bytes, now);
          }
        }
      }
      @Nullable Amount due = channel.due();
      if (due != null) {
        assertTrue(due.exceeds(before), "a voucher must rise");
        Amount lost = channel.writtenOff();
        assertFalse(due.exceeds(tariff.cost(received + WINDOW).plus(lost)), "beyond the window");
        assertFalse(lost.exceeds(tariff.cost(received + WINDOW)), "more lost than ever came");
        assertFalse(lost.exceeds(channel.account().claimed()), "more lost than charged");
        assertFalse(due.exceeds(Amount.of(deposit)), "beyond the deposit");
        channel.sign(due);
        before = due;
      }
    }
    assertEquals(tariff.cost(received), channel.account().cost());
  }

  private static PaidStream pick(List<PaidStream> streams, Random random) {
    return streams.get(random.nextInt(streams.size()));
  }
}
