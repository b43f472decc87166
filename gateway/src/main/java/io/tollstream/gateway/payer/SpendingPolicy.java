package io.tollstream.gateway.payer;

import io.tollstream.channels.Address;
import io.tollstream.gateway.wire.SessionRequest;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import java.math.BigInteger;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the payer's owner allows: whom, in what, on which escrow, at what price, how much in all and
 * how far ahead. Everything a server offers is held against it before anything is signed.
 *
 * @param tokens the tokens that may be paid in; empty for any
 * @param escrows the contracts that may hold deposits; empty for any that the wallet verifies
 * @param recipients who may be paid; empty for anybody
 * @param maxPrices the dearest tariff of each kind; empty for any price
 * @param budget the most base units of each token that one run commits
 * @param deposit the size of a deposit, or null for what the server suggests
 * @param windowBytes the most bytes that are authorized beyond those received, above zero
 */
record SpendingPolicy(
    Set<Address> tokens,
    Set<Address> escrows,
    Set<Address> recipients,
    List<Tariff> maxPrices,
    Amount budget,
    @Nullable Amount deposit,
    long windowBytes) {
  static final Amount DEFAULT_BUDGET = Amount.of(10_000_000);
  static final long DEFAULT_WINDOW_BYTES = 32L << 20;

  /** The window of a time tariff: the most milliseconds authorized beyond those of flow. */
  static final long WINDOW_MILLIS = 60_000;

  /** How many windows a deposit covers where neither side names a size. */
  private static final long DEPOSIT_WINDOWS = 8;

  SpendingPolicy {
    tokens = Set.copyOf(tokens);
    escrows = Set.copyOf(escrows);
    recipients = Set.copyOf(recipients);
    maxPrices = List.copyOf(maxPrices);
    if (windowBytes <= 0) {
      throw new IllegalArgumentException("--window must be above zero");
    }
  }

  /** Anybody, any price, the default budget and window. */
  static SpendingPolicy unlimitedBut(Amount budget) {
    return new SpendingPolicy(
        Set.of(), Set.of(), Set.of(), List.of(), budget, null, DEFAULT_WINDOW_BYTES);
  }

  /** Why an offer is not taken, or null where it may be. */
  @Nullable PayerRefusal check(SessionRequest offer) {
    if (!allows(tokens, offer.currency())) {
      return new PayerRefusal.TokenNotAllowed(offer.currency());
    }
    if (!allows(escrows, offer.escrow().contract())) {
      return new PayerRefusal.EscrowNotAllowed(offer.escrow().contract());
    }
    if (offer.recipient().isZero() || offer.recipient().isMaskedId()) {
      return new PayerRefusal.RecipientUnpayable(offer.recipient());
    }
    if (!allows(recipients, offer.recipient())) {
      return new PayerRefusal.RecipientNotAllowed(offer.recipient());
    }
    return checkPrice(offer.tariff());
  }

  private static boolean allows(Set<Address> allowed, Address address) {
    return allowed.isEmpty() || allowed.contains(address);
  }

  private @Nullable PayerRefusal checkPrice(Tariff asked) {
    boolean limited = false;
    for (Tariff limit : maxPrices) {
      if (limit.unit().kind() == asked.unit().kind()) {
        limited = true;
        if (isDearer(asked, limit)) {
          return new PayerRefusal.TooDear(asked, limit);
        }
      }
    }
    return limited || maxPrices.isEmpty() ? null : new PayerRefusal.PriceNotComparable(asked);
  }

  /** Compares the exact rationals, price by quanta: 1/KiB is 1024/MiB, and 1025/MiB is dearer. */
  static boolean isDearer(Tariff one, Tariff other) {
    return crossed(one, other.unit()).compareTo(crossed(other, one.unit())) > 0;
  }

  private static BigInteger crossed(Tariff tariff, TariffUnit unit) {
    return tariff.price().baseUnits().multiply(BigInteger.valueOf(unit.quanta()));
  }

  /** The widest window, in the quanta of a kind of tariff. */
  long windowQuanta(TariffUnit.Kind kind) {
    return kind == TariffUnit.Kind.TIME ? WINDOW_MILLIS : windowBytes;
  }

  /** The size of a deposit, whether a first one or one more, within what the budget has left. */
  Amount depositFor(SessionRequest offer, Amount budgetLeft) {
    return wished(offer).min(budgetLeft);
  }

  private Amount wished(SessionRequest offer) {
    if (deposit != null) {
      return deposit;
    }
    Amount suggested = offer.suggestedDeposit();
    if (suggested != null && !suggested.isZero()) {
      return suggested;
    }
    long quanta = windowQuanta(offer.tariff().unit().kind());
    return offer.tariff().cost(Math.multiplyExact(quanta, DEPOSIT_WINDOWS));
  }
}
