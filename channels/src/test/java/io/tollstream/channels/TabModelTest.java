package io.tollstream.channels;

import static io.tollstream.channels.Samples.channel;
import static io.tollstream.channels.Samples.voucher;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

  /** One event: what happens, at which tariff, and how much of it. */
  record Event(What what, Tariff tariff, int size) {}

  enum What {
    ACCEPT,
    RESERVE,
    USE,
    GIVE_BACK,
    OBSERVE
  }

  /** Streams by tariff: what they hold and what they have delivered. */
  private static final class Model {
    Tab tab = Tab.of(channel(1, 100_000));
    final Map<Tariff, Long> held = new HashMap<>();
    final Map<Tariff, Long> used = new HashMap<>();

    void happen(Event event) {
      switch (event.what()) {
        case ACCEPT -> accept(event.size());
        case RESERVE -> reserve(event.tariff(), event.size(), Amount.of(event.size() % 3 * 500L));
        case USE -> use(event.tariff(), event.size());
        case GIVE_BACK -> giveBack(event.tariff(), event.size());
        case OBSERVE -> observe(event.size());
      }
      checkRedeemable();
    }

    void accept(int size) {
      Amount amount = tab.authorized().plus(Amount.of(size % 997));
      keep(tab.accept(voucher(1, amount), Amount.ZERO).tab());
    }

    void reserve(Tariff tariff, long quanta, Amount credit) {
      Amount ceiling = tab.authorized().min(tab.channel().deposit()).plus(credit);
      Amount before = tab.spent();
      var step = tab.reserve(tariff, quanta, credit);
      Grant grant = Samples.ok(step.answer());
      keep(step.tab());
      held.merge(tariff, grant.granted(), Long::sum);
      assertTrue(!tab.spent().exceeds(ceiling.max(before)));
      assertTrue(grant.granted() == quanta || grant.headroom() == 0);
    }

    void use(Tariff tariff, long size) {
      long quanta = Math.min(size, held.getOrDefault(tariff, 0L));
      held.merge(tariff, -quanta, Long::sum);
      used.merge(tariff, quanta, Long::sum);
    }

    void giveBack(Tariff tariff, long size) {
      long quanta = Math.min(size, held.getOrDefault(tariff, 0L));
      held.merge(tariff, -quanta, Long::sum);
      keep(tab.giveBack(tariff, quanta).tab());
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

    Bill usedBill() {
      Map<Tariff, Long> lines = new HashMap<>(used);
      lines.values().removeIf(quanta -> quanta == 0);
      return new Bill(lines);
    }
  }

  @Property(tries = 500)
  void tab_anySequence_neverChargesBeyondWhatIsCoveredNorForWhatIsNotUsed(
      @ForAll("sequences") List<Event> events) {
    Model model = new Model();
    events.forEach(model::happen);
    for (Tariff tariff : TARIFFS) {
      model.giveBack(tariff, Long.MAX_VALUE);
    }
    assertEquals(model.usedBill().total(), model.tab.spent());
  }

  @Provide
  static Arbitrary<List<Event>> sequences() {
    return Combinators.combine(
            Arbitraries.of(What.class),
            Arbitraries.of(TARIFFS),
            Arbitraries.integers().between(0, 60_000))
        .as(Event::new)
        .list()
        .ofMaxSize(120);
  }
}
