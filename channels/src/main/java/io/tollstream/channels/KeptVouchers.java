package io.tollstream.channels;

import io.tollstream.metering.Amount;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a tab does with its vouchers: a rising list of at most {@link Tab#MAX_VOUCHERS}, in which
 * the best and the smallest that covers what is spent always stay.
 */
final class KeptVouchers {
  private KeptVouchers() {}

  static void requireInOrder(ChannelId channelId, List<Voucher> vouchers) {
    for (int i = 0; i < vouchers.size(); i++) {
      Voucher voucher = vouchers.get(i);
      boolean rising = i == 0 || voucher.cumulative().exceeds(vouchers.get(i - 1).cumulative());
      if (!rising || !voucher.channelId().equals(channelId)) {
        throw new IllegalArgumentException("vouchers must rise and be of the tab's channel");
      }
    }
  }

  /** The smallest that covers what is spent, else the best; of those within the deposit. */
  static @Nullable Voucher smallestCovering(List<Voucher> vouchers, Amount spent, Amount deposit) {
    Voucher best = null;
    for (Voucher voucher : vouchers) {
      boolean covered = best != null && !spent.exceeds(best.cumulative());
      if (covered || voucher.cumulative().exceeds(deposit)) {
        break;
      }
      best = voucher;
    }
    return best;
  }

  /**
   * With one larger than the rest. Where room is needed, a voucher below what is spent is the first
   * to go; where there is none, the second best.
   */
  static List<Voucher> with(List<Voucher> vouchers, Voucher best, Amount spent) {
    List<Voucher> next = new ArrayList<>(vouchers);
    if (next.size() == Tab.MAX_VOUCHERS) {
      boolean oldestCovered = next.get(1).cumulative().compareTo(spent) <= 0;
      next.remove(oldestCovered ? 0 : next.size() - 1);
    }
    next.add(best);
    return next;
  }

  /** With one of any amount to close with; one that does not cover what is spent is left out. */
  static List<Voucher> withLast(List<Voucher> vouchers, Voucher last, Amount spent) {
    if (spent.exceeds(last.cumulative())) {
      return vouchers;
    }
    TreeMap<Amount, Voucher> byAmount = new TreeMap<>();
    vouchers.forEach(voucher -> byAmount.put(voucher.cumulative(), voucher));
    byAmount.putIfAbsent(last.cumulative(), last);
    List<Voucher> next = new ArrayList<>(byAmount.values());
    if (next.size() > Tab.MAX_VOUCHERS) {
      next.remove(next.get(0).cumulative().compareTo(spent) < 0 ? 0 : next.size() - 2);
    }
    return next;
  }
}
