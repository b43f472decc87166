package io.tollstream.channels;

import static io.tollstream.channels.Samples.NODE;
import static io.tollstream.channels.Samples.channel;
import static io.tollstream.channels.Samples.voucher;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Reservation.Ask;
import io.tollstream.channels.Tab.Grant;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Bill;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;

/** Any sequence of what payers, streams and chains do to a tab, beside a count kept by hand. */
final class TabModelTest {
  private static final List<Tariff> TARIFFS =
      List.of(
          new Tariff(Amount.of(3), TariffUnit.BYTE),
          new Tariff(Amount.of(1_000), TariffUnit.KIB),
          new Tariff(Amount.of(7), TariffUnit.MIB),
          new Tariff(Amount.of(11), TariffUnit.SECOND));

  /** One event: what happens, to the how-manyth stream, at which tariff, and how much of it. */
  record Event(What what, int stream, Tariff tariff, int size) {}

  enum What {
    ACCEPT,
    RESERVE,
    RESERVE_AGAIN,
    USE,
    SETTLE,
    CRASH,
    OBSERVE
  }

  /** A stream as its node knows it; an answer that got lost is not known. */
  private static final class Stream {
    final StreamId id;
    final Tariff tariff;
    long granted;
    long used;

    Stream(StreamId id, Tariff tariff) {
      this.id = id;
      this.tariff = tariff;
    }
  }

  /** What was charged for good, and the streams under way. */
  private static final class Model {
    private static final int STREAMS = 4;

    Tab tab = Tab.of(channel(1, 100_000));
    final Map<Integer, Stream> streams = new HashMap<>();
    final Map<Tariff, Long> charged = new HashMap<>();
    final Map<Tariff, Long> used = new HashMap<>();
    long numbers;

    void happen(Event event) {
      switch (event.what()) {
        case ACCEPT -> accept(event.size());
        case RESERVE -> reserve(event, true);
        case RESERVE_AGAIN -> reserve(event, false);
        case USE -> use(event);
        case SETTLE -> settle(event.stream());
        case CRASH -> crash();
        case OBSERVE -> observe(event.size());
      }
      checkBill();
      checkRedeemable();
    }

    /** A stream of this place; a new one where there is none. */
    Stream stream(Event event) {
      return streams.computeIfAbsent(
          event.stream() % STREAMS,
          place -> new Stream(new StreamId(NODE, ++numbers), event.tariff()));
    }

    void accept(int size) {
      Amount amount = tab.authorized().plus(Amount.of(size % 997));
      keep(tab.accept(voucher(1, amount), Amount.ZERO).tab());
    }

    /** Asks for more, in totals; where the answer is lost, the next ask makes it good. */
    void reserve(Event event, boolean heard) {
      Stream stream = stream(event);
      Amount credit = Amount.of(event.size() % 3 * 500L);
      Amount ceiling = tab.authorized().min(tab.channel().deposit()).plus(credit);
      Amount before = tab.spent();
      long wanted = stream.granted + event.size();
      var step =
          tab.reserve(
              new Ask(stream.id, stream.tariff, stream.granted, wanted, stream.used, credit));
      Grant grant = Samples.ok(step.answer());
      keep(step.tab());
      assertTrue(!tab.spent().exceeds(ceiling.max(before)));
      assertTrue(grant.granted() >= wanted || grant.headroom() == 0);
      if (heard) {
        stream.granted = grant.granted();
      }
    }

    void use(Event event) {
      Stream stream = stream(event);
      long quanta = Math.min(event.size(), stream.granted - stream.used);
      stream.used += quanta;
      used.merge(stream.tariff, quanta, Long::sum);
    }

    /** Told twice, it changes nothing the second time. */
    void settle(int place) {
      Stream stream = streams.remove(place % STREAMS);
      if (stream != null) {
        keep(tab.settle(stream.id, stream.used).tab());
        charged.merge(stream.tariff, stream.used, Long::sum);
        assertNull(tab.settle(stream.id, stream.used).tab());
      }
    }

    /** The node is gone, and what its streams had is charged, used or not. */
    void crash() {
      for (Reservation held : tab.reservations()) {
        charged.merge(held.tariff(), held.granted(), Long::sum);
      }
      streams.clear();
      keep(tab.recover(NODE).tab());
      assertEquals(List.of(), tab.reservations());
    }

    /** The bill is what was charged for good and what streams have reserved, to the quantum. */
    void checkBill() {
      Map<Tariff, Long> expected = new HashMap<>(charged);
      tab.reservations().forEach(held -> expected.merge(held.tariff(), held.granted(), Long::sum));
      expected.values().removeIf(quanta -> quanta == 0);
      assertEquals(new Bill(expected), tab.bill());
      used.forEach((tariff, quanta) -> assertTrue(tab.bill().quanta(tariff) >= quanta));
    }

    /** A deposit that rises, or that a reorganised chain takes back. */
    void observe(int size) {
      keep(tab.observe(channel(1, 50_000 + size)).tab());
    }

    void keep(@Nullable Tab next) {
      tab = next == null ? tab : next;
    }

    void checkRedeemable() {
      Amount covered =
          tab.vouchers().stream()
              .map(Voucher::cumulative)
              .filter(each -> !each.exceeds(tab.channel().deposit()))
              .filter(each -> !tab.spent().exceeds(each))
              .findFirst()
              .orElse(Amount.ZERO);
      Voucher redeemable = tab.redeemable();
      if (!covered.isZero()) {
        assertEquals(covered, redeemable == null ? null : redeemable.cumulative());
      }
    }
  }

  @Property(tries = 500)
  void tab_anySequence_chargesWhatIsCoveredAndInTheEndWhatWasUsedOrMayHaveBeen(
      @ForAll("sequences") List<Event> events) {
    Model model = new Model();
    events.forEach(model::happen);
    for (int place = 0; place < Model.STREAMS; place++) {
      model.settle(place);
    }
    model.checkBill();
    assertEquals(List.of(), model.tab.reservations());
    if (events.stream().noneMatch(event -> event.what() == What.CRASH)) {
      model.used.values().removeIf(quanta -> quanta == 0);
      assertEquals(new Bill(model.used), model.tab.bill());
    }
  }

  @Provide
  static Arbitrary<List<Event>> sequences() {
    return Combinators.combine(
            Arbitraries.of(What.class),
            Arbitraries.integers().between(0, 7),
            Arbitraries.of(TARIFFS),
            Arbitraries.integers().between(0, 60_000))
        .as(Event::new)
        .list()
        .ofMaxSize(120);
  }
}
