package io.tollstream.channels.ledger;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.NodeId;
import io.tollstream.channels.Reservation;
import io.tollstream.channels.Signature;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Tab.Phase;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Bill;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** Valid tabs of every shape, from a seed; what is stored must not depend on what is likely. */
final class RandomTabs {
  private static final List<TariffUnit> UNITS = List.of(TariffUnit.values());

  private final Random random;

  private final NodeId node;

  /**
   * Tabs from a seed.
   *
   * @param node whose streams have reservations
   */
  RandomTabs(long seed, NodeId node) {
    this.random = new Random(seed);
    this.node = node;
  }

  Tab tab(ChannelId id) {
    Phase phase = phase();
    Amount one = amount();
    Amount other = amount();
    Channel channel =
        new Channel(
            id,
            new Escrow(1 + random.nextInt(1_000_000), address()),
            address(),
            address(),
            address(),
            random.nextBoolean() ? Address.ZERO : address(),
            one.max(other),
            one.min(other),
            closeRequestedAt(phase),
            phase instanceof Phase.Closed && random.nextBoolean());
    Bill bill = bill();
    return new Tab(
        channel, phase, amount(), vouchers(id), bill, reservations(bill), time(), time());
  }

  private long time() {
    return random.nextBoolean() ? 0 : random.nextInt(Integer.MAX_VALUE);
  }

  private Phase phase() {
    return switch (random.nextInt(4)) {
      case 0 -> new Phase.Open();
      case 1 -> new Phase.Disputed();
      case 2 -> new Phase.Closing(amount());
      default -> new Phase.Closed();
    };
  }

  private long closeRequestedAt(Phase phase) {
    if (phase instanceof Phase.Open) {
      return 0;
    }
    return phase instanceof Phase.Disputed || random.nextBoolean()
        ? 1 + random.nextInt(Integer.MAX_VALUE)
        : 0;
  }

  private List<Voucher> vouchers(ChannelId id) {
    TreeSet<Amount> amounts = new TreeSet<>();
    IntStream.range(0, random.nextInt(Tab.MAX_VOUCHERS + 1)).forEach(i -> amounts.add(amount()));
    return amounts.stream().map(each -> new Voucher(id, each, Signature.of(bytes(65)))).toList();
  }

  private Bill bill() {
    Map<Tariff, Long> lines = new HashMap<>();
    for (int i = random.nextInt(6); i > 0; i--) {
      TariffUnit unit = UNITS.get(random.nextInt(UNITS.size()));
      Amount price = Amount.of(1 + (random.nextLong() >>> random.nextInt(4, 63)));
      lines.put(new Tariff(price, unit), 1 + (random.nextLong() >>> random.nextInt(8, 63)));
    }
    return new Bill(lines);
  }

  /** Some of the bill's lines, still held by a stream each. */
  private List<Reservation> reservations(Bill bill) {
    List<Reservation> held = new ArrayList<>();
    for (Map.Entry<Tariff, Long> line : bill.lines().entrySet()) {
      if (random.nextBoolean()) {
        long granted = random.nextLong(line.getValue() + 1);
        StreamId stream = new StreamId(node, held.size() + 1);
        held.add(new Reservation(stream, line.getKey(), granted, random.nextLong(granted + 1)));
      }
    }
    return held;
  }

  private Amount amount() {
    return new Amount(new BigInteger(random.nextInt(129), random));
  }

  private Address address() {
    return Address.of(bytes(20));
  }

  private byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }
}
