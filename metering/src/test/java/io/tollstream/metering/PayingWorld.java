package io.tollstream.metering;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.metering.MeterAction.Cut;
import io.tollstream.metering.MeterAction.Demand;
import io.tollstream.metering.MeterAction.Hold;
import io.tollstream.metering.MeterAction.Reserve;
import io.tollstream.metering.MeterAction.Resume;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One tab, its streams, their origins and client, and a clock: everything happens when the test
 * says so, in any order between streams. A reservation is applied to the tab at one step and
 * answered at a later one; what an ended stream did not use comes back later still. What was
 * delivered is reckoned here from what went out, never asked of the meter, and after every step
 * must be paid for.
 */
final class PayingWorld {
  /** A body: what the origin sends, what it said it would, and how much fits the pipe at once. */
  record Body(Tariff tariff, MeterPolicy policy, long bytes, long announcedBytes, long pipeBytes) {}

  /** One thing that happens to the world, or to one of its streams. */
  record Step(Event event, int stream, long amount) {}

  /** How a world begins, and what happens then. */
  record Scene(List<Body> bodies, Amount credit, long startMillis, List<Step> steps) {}

  /** What can happen. */
  enum Event {
    START,
    ORIGIN_SENDS,
    TAB_RESERVES,
    LEDGER_FAILS,
    RESERVATION_ANSWERED,
    GIVEN_BACK,
    VOUCHER,
    ABORT,
    TIME_PASSES,
    NEEDLESS_CREDIT
  }

  final List<Stream> streams = new ArrayList<>();
  private final Map<Tariff, Long> delivered = new HashMap<>();
  private Amount ceiling;
  private Bill bill = Bill.EMPTY;
  private long nowMillis;
  private long moves; // rises whenever something is done

  PayingWorld(List<Body> bodies, Amount credit, long nowMillis) {
    this.ceiling = credit;
    this.nowMillis = nowMillis;
    bodies.forEach(body -> streams.add(new Stream(body)));
  }

  static PayingWorld after(Scene scene) {
    PayingWorld world = new PayingWorld(scene.bodies(), scene.credit(), scene.startMillis());
    scene.steps().forEach(world::happen);
    return world;
  }

  Bill bill() {
    return bill;
  }

  Map<Tariff, Long> delivered() {
    return delivered;
  }

  private void happen(Step step) {
    Stream stream = streams.get(step.stream() % streams.size());
    switch (step.event()) {
      case START -> stream.start();
      case ORIGIN_SENDS -> stream.originSends(step.amount());
      case TAB_RESERVES -> stream.tabReserves();
      case LEDGER_FAILS -> stream.ledgerFails();
      case RESERVATION_ANSWERED -> stream.reservationAnswered();
      case GIVEN_BACK -> stream.givenBack();
      case VOUCHER -> voucher(stream.body.tariff().cost(step.amount()));
      case ABORT -> stream.abort();
      case TIME_PASSES -> timePasses(step.amount());
      case NEEDLESS_CREDIT -> stream.meter.credited();
    }
    check();
  }

  /** A voucher: the tab has it before any stream hears of it. */
  void voucher(Amount amount) {
    ceiling = ceiling.plus(amount);
    credited();
  }

  void timePasses(long millis) {
    nowMillis += millis;
    streams.forEach(stream -> stream.meter.tick(nowMillis));
    check();
    streams.forEach(Stream::assertNotOverdue);
  }

  /** Everybody does what there is to do, without time or vouchers, until nothing is left to do. */
  void runUntilQuiet() {
    for (long before = -1; before != moves; ) {
      before = moves;
      for (Stream stream : streams) {
        stream.start();
        stream.originSends(1);
        stream.tabReserves();
        stream.reservationAnswered();
        stream.givenBack();
        stream.originSends(Long.MAX_VALUE);
        check();
      }
      timePasses(0);
    }
  }

  /** What it takes, at most, to bring every stream that still lives to its end. */
  Amount costOfTheRest() {
    Map<Tariff, Long> all = new HashMap<>(delivered);
    for (Stream stream : streams) {
      if (stream.isAlive()) {
        all.merge(stream.body.tariff(), stream.quantaOfTheRest(), Long::sum);
      }
    }
    return new Amount(Tariffs.exactCost(all)).minusOrZero(ceiling);
  }

  void abortAll() {
    streams.forEach(Stream::abort);
    runUntilQuiet();
  }

  private void credited() {
    streams.forEach(stream -> stream.meter.credited());
    check();
  }

  private void check() {
    streams.forEach(Stream::carryOutWishes);
    BigInteger owed = Tariffs.exactCost(delivered);
    assertTrue(owed.compareTo(ceiling.baseUnits()) <= 0, () -> "unpaid: " + owed + " " + this);
    assertFalse(bill.total().exceeds(ceiling), this::toString);
    delivered.forEach((tariff, quanta) -> assertTrue(bill.quanta(tariff) >= quanta));
  }

  @Override
  public String toString() {
    return "ceiling " + ceiling + ", bill " + bill.total() + ", at " + nowMillis + ": " + streams;
  }

  /** One response: the owner of a meter, with its origin and its client. */
  final class Stream {
    final Body body;
    final StreamMeter meter;
    private long fromOrigin;
    private long toClient;
    private long deliveredQuanta;
    private long asked; // waits for the tab
    private long @Nullable [] answer; // granted and headroom; waits for the meter
    private long reserved; // as the tab sees it, given back or used since
    private long flowedAtMillis;
    private long heldSinceMillis;
    private int demands;
    private int answers;
    private boolean started;
    private boolean held;
    private boolean cut;
    private boolean ended;
    private boolean settled;

    private Stream(Body body) {
      this.body = body;
      this.meter = new StreamMeter(body.tariff(), body.policy());
    }

    boolean isAlive() {
      return !ended && !cut;
    }

    boolean isHeld() {
      return held;
    }

    boolean isComplete() {
      return ended && toClient == body.bytes();
    }

    void start() {
      if (!started) {
        moves++;
        started = true;
        meter.start(body.announcedBytes(), nowMillis);
        carryOutWishes();
      }
    }

    /** The origin sends, unless it is held back; its end is seen only by an owner that reads. */
    void originSends(long bytes) {
      if (!started || !isAlive()) {
        return;
      }
      if (!held) {
        long sent = Math.min(Math.min(bytes, body.pipeBytes()), body.bytes() - fromOrigin);
        fromOrigin += sent;
        moves += sent;
      }
      offer();
      if (!held && toClient == body.bytes()) {
        abort();
      }
    }

    private void offer() {
      long taken = meter.take(fromOrigin - toClient, nowMillis);
      if (taken > 0) {
        long quanta = isTimed() ? quantaOfThisFlow() : taken;
        toClient += taken;
        moves++;
        deliveredQuanta += quanta;
        delivered.merge(body.tariff(), quanta, Long::sum);
        flowedAtMillis = nowMillis;
      }
      carryOutWishes();
      assertEquals(deliveredQuanta, meter.usedQuanta());
    }

    private long quantaOfThisFlow() {
      boolean first = toClient == 0;
      return first ? 1 : Math.min(1_000, nowMillis - flowedAtMillis);
    }

    private boolean isTimed() {
      return body.tariff().unit().kind() == TariffUnit.Kind.TIME;
    }

    void tabReserves() {
      if (asked > 0 && answer == null) {
        long affordable = bill.affordable(body.tariff(), ceiling);
        long granted = Math.min(asked, affordable);
        bill = bill.plus(body.tariff(), granted);
        moves++;
        reserved += granted;
        answer = new long[] {granted, affordable - granted};
      }
    }

    void ledgerFails() {
      if (asked > 0 && answer == null) {
        asked = 0;
        answers++;
        meter.refused(nowMillis);
        carryOutWishes();
      }
    }

    void reservationAnswered() {
      if (answer != null) {
        long granted = answer[0];
        long headroom = answer[1];
        moves++;
        asked = 0;
        answer = null;
        answers++;
        meter.granted(granted, headroom, nowMillis);
        carryOutWishes();
        originSends(0);
      }
    }

    void givenBack() {
      if (!isAlive() && asked == 0 && !settled) {
        settled = true;
        bill = bill.minus(body.tariff(), reserved - meter.usedQuanta());
        reserved = meter.usedQuanta();
        moves++;
        credited();
      }
    }

    void abort() {
      if (isAlive()) {
        moves++;
        ended = true;
        held = false;
        meter.end();
        carryOutWishes();
      }
    }

    private void carryOutWishes() {
      for (MeterAction wish = meter.next(); wish != null; wish = meter.next()) {
        carryOut(wish);
      }
      assertEquals(held, meter.isHolding());
      assertEquals(!isAlive(), meter.hasEnded());
    }

    private void carryOut(MeterAction wish) {
      moves++;
      if (wish instanceof Reserve reserve) {
        assertEquals(0, asked, "one reservation at a time");
        assertTrue(isAlive() && reserve.quanta() > 0);
        assertTrue(reserved - deliveredQuanta < mostReservable(), "more than two chunks reserved");
        asked = reserve.quanta();
      } else if (wish instanceof Demand demand) {
        assertTrue(isAlive() && demand.quanta() > 0);
        assertTrue(++demands <= answers, "more demands than answered reservations");
      } else if (wish instanceof Hold) {
        assertTrue(isAlive() && !held);
        held = true;
        heldSinceMillis = nowMillis;
      } else if (wish instanceof Resume) {
        assertTrue(isAlive() && held);
        held = false;
        flowedAtMillis += nowMillis - heldSinceMillis; // a hold is free
      } else {
        assertTrue(wish instanceof Cut && held && heldMillis() >= limitMillis(), "cut too early");
        cut = true;
        held = false;
      }
    }

    private long mostReservable() {
      return Math.max(body.policy().maxChunkQuanta(), isTimed() ? 1_000 : 0);
    }

    private void assertNotOverdue() {
      assertTrue(!held || heldMillis() < limitMillis(), "held beyond its deadline");
    }

    private long heldMillis() {
      return nowMillis - heldSinceMillis;
    }

    private long limitMillis() {
      return toClient > 0 ? body.policy().holdMillis() : body.policy().startHoldMillis();
    }

    /** Whether the tab could pay for the next byte that waits here, or is sure to come. */
    boolean couldPay() {
      long spare = reserved - deliveredQuanta;
      long next = isTimed() && toClient > 0 ? Math.max(1, gapUntilHeld()) : 1;
      return spare + bill.affordable(body.tariff(), ceiling) >= next;
    }

    private long gapUntilHeld() {
      return Math.min(1_000, heldSinceMillis - flowedAtMillis);
    }

    private long quantaOfTheRest() {
      return isTimed() ? 1_001 : body.bytes() - toClient;
    }

    @Override
    public String toString() {
      return "%n  %s: %d of %d bytes, %d quanta, asked %d, answer %s, reserved %d, settled %s, %s"
          .formatted(
              body,
              toClient,
              fromOrigin,
              deliveredQuanta,
              asked,
              answer != null,
              reserved,
              settled,
              cut ? "cut" : ended ? "ended" : held ? "held" : "alive");
    }
  }
}
