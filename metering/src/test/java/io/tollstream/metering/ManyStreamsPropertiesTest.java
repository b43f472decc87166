package io.tollstream.metering;

import static io.tollstream.metering.StreamMeter.UNKNOWN_LENGTH;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.metering.PayingWorld.Body;
import io.tollstream.metering.PayingWorld.Event;
import io.tollstream.metering.PayingWorld.Scene;
import io.tollstream.metering.PayingWorld.Step;
import io.tollstream.metering.PayingWorld.Stream;
import java.math.BigInteger;
import java.util.List;
import java.util.stream.LongStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

/**
 * Many streams on one tab, on byte tariffs, time tariffs and both. That nothing goes out unpaid, no
 * hold ends early or late, and at most two chunks are reserved is asserted by {@link PayingWorld}
 * after every step of every property here.
 */
class ManyStreamsPropertiesTest {
  private static final int TRIES = 400;
  private static final long LONGEST_HOLD_MILLIS = 5_000;

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  void anySequence_deliveredCost_neverExceedsAuthorizedAndCredit(@ForAll("scenes") Scene scene) {
    PayingWorld.after(scene);
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  void allStreamsEnded_spent_isTheExactCostOfWhatWasWritten(@ForAll("scenes") Scene scene) {
    PayingWorld world = PayingWorld.after(scene);
    world.abortAll();
    assertEquals(new Amount(Tariffs.exactCost(world.delivered())), world.bill().total());
    world.delivered().values().removeIf(quanta -> quanta == 0);
    assertEquals(world.delivered(), world.bill().lines());
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  void everythingAnswered_heldStreams_areThoseTheTabCannotPayFor(@ForAll("scenes") Scene scene) {
    PayingWorld world = PayingWorld.after(scene);
    world.runUntilQuiet();
    for (Stream stream : world.streams) {
      assertTrue(stream.isHeld() || !stream.isAlive(), () -> "stuck: " + world);
      assertFalse(stream.isHeld() && stream.couldPay(), () -> "held for nothing: " + world);
    }
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  void justEnoughCredit_everyStreamThatLives_getsItsWholeBody(@ForAll("scenes") Scene scene) {
    PayingWorld world = PayingWorld.after(scene);
    List<Stream> living = world.streams.stream().filter(Stream::isAlive).toList();
    world.voucher(world.costOfTheRest());
    world.runUntilQuiet();
    living.forEach(stream -> assertTrue(stream.isComplete(), () -> "stuck: " + world));
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  void noMoreVouchers_starvingStreams_areCutAtTheirDeadlines(
      @ForAll("scenes") Scene scene,
      @ForAll @Size(max = 20) List<@LongRange(min = 0, max = 700) Long> ticks) {
    PayingWorld world = PayingWorld.after(scene);
    for (long millis : ticks) {
      world.runUntilQuiet();
      world.timePasses(millis);
    }
    for (int i = 0; i <= world.streams.size(); i++) {
      world.runUntilQuiet(); // what a cut stream gives back may feed another
      world.timePasses(LONGEST_HOLD_MILLIS);
    }
    for (Stream stream : world.streams) {
      assertTrue(stream.isComplete() || !stream.isAlive(), () -> "neither ended nor cut: " + world);
    }
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  void oneBodyInManyRequests_spent_isThatOfOneRequest(
      @ForAll("byteTariffs") Tariff tariff,
      @ForAll("policies") MeterPolicy policy,
      @ForAll @Size(min = 1, max = 20) List<@LongRange(min = 1, max = 3_000) Long> parts) {
    long whole = parts.stream().mapToLong(Long::longValue).sum();
    Bill inOne = spentOn(tariff, policy, LongStream.of(whole));
    Bill inMany = spentOn(tariff, policy, parts.stream().mapToLong(Long::longValue));
    assertEquals(inOne, inMany);
    BigInteger unit = BigInteger.valueOf(tariff.unit().quanta());
    BigInteger exactly = tariff.price().baseUnits().multiply(BigInteger.valueOf(whole));
    BigInteger overcharge = inMany.total().baseUnits().multiply(unit).subtract(exactly);
    assertTrue(overcharge.signum() >= 0 && overcharge.compareTo(unit) < 0);
  }

  private static Bill spentOn(Tariff tariff, MeterPolicy policy, LongStream bodies) {
    List<Body> requests =
        bodies.mapToObj(bytes -> new Body(tariff, policy, bytes, bytes, bytes)).toList();
    PayingWorld world = new PayingWorld(requests, Amount.ZERO, 0);
    world.voucher(world.costOfTheRest());
    world.runUntilQuiet();
    return world.bill();
  }

  @Provide
  Arbitrary<Scene> scenes() {
    Arbitrary<Tariff> either = Arbitraries.oneOf(byteTariffs(), timeTariffs());
    return Arbitraries.oneOf(List.of(byteTariffs(), timeTariffs(), either))
        .list()
        .ofMinSize(1)
        .ofMaxSize(3)
        .flatMap(ManyStreamsPropertiesTest::scenes);
  }

  private static Arbitrary<Scene> scenes(List<Tariff> tariffs) {
    Arbitrary<List<Body>> bodies = bodies(tariffs).list().ofMinSize(1).ofMaxSize(6);
    Arbitrary<Amount> credits =
        Arbitraries.frequencyOf(
            Tuple.of(4, Arbitraries.just(Amount.ZERO)),
            Tuple.of(1, Arbitraries.longs().between(1, 500).map(tariffs.get(0)::cost)));
    Arbitrary<Long> starts = Arbitraries.longs().between(-1L << 40, 1L << 40);
    return Combinators.combine(bodies, credits, starts, steps()).as(Scene::new);
  }

  private static Arbitrary<Body> bodies(List<Tariff> tariffs) {
    Arbitrary<Long> lengths = Arbitraries.longs().between(0, 1_000);
    Arbitrary<Integer> truths = Arbitraries.integers().between(0, 5);
    Arbitrary<Long> pipes = Arbitraries.of(1L, 20L, 2_000L);
    return Combinators.combine(Arbitraries.of(tariffs), policies(), lengths, truths, pipes)
        .as(
            (tariff, policy, bytes, truth, pipe) ->
                new Body(tariff, policy, bytes, said(truth, bytes), pipe));
  }

  /** Mostly the truth, else nothing (chunked), else too little. */
  private static long said(int choice, long bytes) {
    return choice < 3 || bytes == 0 ? bytes : choice < 5 ? UNKNOWN_LENGTH : bytes / 2;
  }

  private static Arbitrary<List<Step>> steps() {
    Arbitrary<Event> events =
        Arbitraries.frequency(
            Tuple.of(8, Event.ORIGIN_SENDS),
            Tuple.of(6, Event.TAB_RESERVES),
            Tuple.of(6, Event.RESERVATION_ANSWERED),
            Tuple.of(4, Event.START),
            Tuple.of(4, Event.VOUCHER),
            Tuple.of(4, Event.GIVEN_BACK),
            Tuple.of(3, Event.TIME_PASSES),
            Tuple.of(1, Event.NEEDLESS_CREDIT),
            Tuple.of(1, Event.LEDGER_FAILS),
            Tuple.of(1, Event.ABORT));
    Arbitrary<Long> amounts =
        Arbitraries.oneOf(
            Arbitraries.longs().between(0, 50), Arbitraries.longs().between(0, 1_500));
    return Combinators.combine(events, Arbitraries.integers().between(0, 5), amounts)
        .as(Step::new)
        .list()
        .ofMaxSize(200);
  }

  @Provide
  static Arbitrary<MeterPolicy> policies() {
    Arbitrary<Long> chunks = Arbitraries.longs().between(1, 100);
    Arbitrary<Long> growths =
        Arbitraries.oneOf(Arbitraries.just(0L), Arbitraries.longs().between(1, 200));
    Arbitrary<Long> holds = Arbitraries.longs().between(1, LONGEST_HOLD_MILLIS);
    return Combinators.combine(chunks, growths, Arbitraries.integers().between(2, 6), holds, holds)
        .as(
            (first, more, window, startHold, hold) ->
                new MeterPolicy(first, first + more, window, startHold, hold));
  }

  @Provide
  static Arbitrary<Tariff> byteTariffs() {
    return Tariffs.tariffs(prices(), units(TariffUnit.Kind.BYTES));
  }

  private static Arbitrary<Tariff> timeTariffs() {
    return Tariffs.tariffs(prices(), units(TariffUnit.Kind.TIME));
  }

  private static Arbitrary<TariffUnit> units(TariffUnit.Kind kind) {
    return Arbitraries.of(TariffUnit.values()).filter(unit -> unit.kind() == kind);
  }

  private static Arbitrary<Amount> prices() {
    Arbitrary<BigInteger> any =
        Arbitraries.bigIntegers().between(BigInteger.ONE, BigInteger.ONE.shiftLeft(90));
    Arbitrary<BigInteger> small =
        Arbitraries.bigIntegers().between(BigInteger.ONE, BigInteger.valueOf(5_000));
    return Arbitraries.oneOf(any, small).map(Amount::new);
  }
}
