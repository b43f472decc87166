package io.tollstream.channels.ledger;

import io.tollstream.channels.Reservation;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Tariff;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a group of transitions did to one tab, for a store to write no row that stays as it is.
 *
 * @param before the tab as it is stored, or null where there is none
 * @param revision of the tab as it is stored, or -1
 * @param after the tab as it shall be stored
 */
record TabChange(@Nullable Tab before, long revision, Tab after) {

  /** Whether the tab's own row differs. */
  boolean isOfTab() {
    return before == null
        || !before.phase().equals(after.phase())
        || !before.broughtForward().equals(after.broughtForward())
        || before.seenAt() != after.seenAt()
        || before.owedSince() != after.owedSince()
        || !before.channel().equals(after.channel());
  }

  List<Voucher> droppedVouchers() {
    return before == null ? List.of() : without(before.vouchers(), after.vouchers());
  }

  List<Voucher> addedVouchers() {
    return before == null ? after.vouchers() : without(after.vouchers(), before.vouchers());
  }

  /** The tariffs whose lines are gone. */
  List<Tariff> droppedLines() {
    if (before == null || before.bill().equals(after.bill())) {
      return List.of();
    }
    Map<Tariff, Long> now = after.bill().lines();
    return before.bill().lines().keySet().stream().filter(line -> !now.containsKey(line)).toList();
  }

  /** The lines that are new, or of another quantity. */
  List<Map.Entry<Tariff, Long>> changedLines() {
    if (before != null && before.bill().equals(after.bill())) {
      return List.of();
    }
    return after.bill().lines().entrySet().stream()
        .filter(line -> before == null || before.bill().quanta(line.getKey()) != line.getValue())
        .toList();
  }

  /** The streams that have ended. */
  List<StreamId> droppedReservations() {
    if (before == null || before.reservations().equals(after.reservations())) {
      return List.of();
    }
    Set<StreamId> left =
        after.reservations().stream().map(Reservation::stream).collect(Collectors.toSet());
    return before.reservations().stream()
        .map(Reservation::stream)
        .filter(stream -> !left.contains(stream))
        .toList();
  }

  /** The reservations that are new, or of another quantity. */
  List<Reservation> changedReservations() {
    if (before == null || before.reservations().equals(after.reservations())) {
      return before == null ? after.reservations() : List.of();
    }
    Set<Reservation> stored = Set.copyOf(before.reservations());
    return after.reservations().stream().filter(held -> !stored.contains(held)).toList();
  }

  /**
   * The vouchers that the others lack; both rise, so one walk through both finds them. Most are the
   * very same objects, which tells sooner than their amounts.
   */
  private static List<Voucher> without(List<Voucher> vouchers, List<Voucher> others) {
    if (vouchers == others) {
      return List.of();
    }
    List<Voucher> result = new ArrayList<>();
    int i = 0;
    for (Voucher voucher : vouchers) {
      while (i < others.size() && isBelow(others.get(i), voucher)) {
        i++;
      }
      if (i < others.size() && others.get(i).equals(voucher)) {
        i++;
      } else {
        result.add(voucher);
      }
    }
    return result;
  }

  private static boolean isBelow(Voucher other, Voucher voucher) {
    return !other.equals(voucher) && voucher.cumulative().exceeds(other.cumulative());
  }
}
