package io.tollstream.channels;

import io.tollstream.metering.Bill;
import io.tollstream.metering.Tariff;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a tab does with its reservations: a list in the order of their streams' ids. */
final class HeldReservations {
  private HeldReservations() {}

  static void requireInOrder(List<Reservation> reservations, Bill bill) {
    for (int i = 1; i < reservations.size(); i++) {
      if (reservations.get(i - 1).stream().compareTo(reservations.get(i).stream()) >= 0) {
        throw new IllegalArgumentException("reservations must be in the order of their streams");
      }
    }
    for (Reservation reservation : reservations) {
      Tariff tariff = reservation.tariff();
      if (unused(reservations, tariff) > bill.quanta(tariff)) {
        throw new IllegalArgumentException("more is reserved than charged at " + tariff);
      }
    }
  }

  private static long unused(List<Reservation> reservations, Tariff tariff) {
    long sum = 0;
    for (Reservation reservation : reservations) {
      if (reservation.tariff().equals(tariff)) {
        sum = Math.addExact(sum, reservation.unused());
      }
    }
    return sum;
  }

  /** The bill as it were if no stream had used more than it said last. */
  static Bill withoutUnused(Bill bill, List<Reservation> reservations) {
    Bill least = bill;
    for (Reservation reservation : reservations) {
      least = least.minus(reservation.tariff(), reservation.unused());
    }
    return least;
  }

  static @Nullable Reservation of(StreamId stream, List<Reservation> reservations) {
    for (Reservation reservation : reservations) {
      if (reservation.stream().equals(stream)) {
        return reservation;
      }
    }
    return null;
  }

  /** With this one, in place of one of the same stream. */
  static List<Reservation> with(List<Reservation> reservations, Reservation next) {
    List<Reservation> result = new ArrayList<>(reservations.size() + 1);
    for (Reservation reservation : reservations) {
      if (!reservation.stream().equals(next.stream())) {
        result.add(reservation);
      }
    }
    int at = 0;
    while (at < result.size() && result.get(at).stream().compareTo(next.stream()) < 0) {
      at++;
    }
    result.add(at, next);
    return result;
  }

  static List<Reservation> without(List<Reservation> reservations, StreamId stream) {
    return reservations.stream().filter(held -> !held.stream().equals(stream)).toList();
  }

  static List<Reservation> withoutNode(List<Reservation> reservations, NodeId node) {
    return reservations.stream().filter(held -> !held.stream().node().equals(node)).toList();
  }
}
