package io.tollstream.channels;

import io.tollstream.channels.Ledger.Step;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Bill;
import io.tollstream.metering.Tariff;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The gateway's account of one channel: what was deposited, what is authorized by vouchers, what is
 * spent, and where the channel stands. Immutable; every transition gives the next tab and an
 * answer, for the {@link Ledger} to make durable before anybody acts on it.
 *
 * <p>A voucher is taken only up to the deposit, and a reservation is charged when it is made,
 * within what is authorized plus the route's credit: a crash leaves reserved bytes charged, never
 * unpaid ones served.
 *
 * @param broughtForward base units that the chain has settled beyond any voucher this tab took, as
 *     after the loss of an earlier ledger: they count as spent, for no voucher can redeem them
 *     twice
 * @param vouchers the newest vouchers, smallest amount first; enough of them are kept that a close
 *     can redeem the smallest one that covers what is spent
 * @param bill what is reserved or delivered, by tariff
 */
public record Tab(
    Channel channel, Phase phase, Amount broughtForward, List<Voucher> vouchers, Bill bill) {
  /** The most vouchers kept per channel. */
  public static final int MAX_VOUCHERS = 32;

  /** Where a tab stands. */
  public sealed interface Phase {
    /** Takes vouchers and sells. */
    record Open() implements Phase {}

    /** The payer has requested a forced close on chain: sells nothing more, redeems what it has. */
    record Disputed() implements Phase {}

    /** The gateway is closing the channel with a voucher of this amount: sells nothing more. */
    record Closing(Amount redeem) implements Phase {}

    /** The channel is finalized on chain. */
    record Closed() implements Phase {}
  }

  /** How a voucher was taken. */
  public sealed interface Acceptance {
    /** It raised what is authorized. */
    record Raised(Tab tab) implements Acceptance {}

    /** It is valid and no larger than what is authorized: nothing changed. */
    record Stale(Tab tab) implements Acceptance {}

    Tab tab();
  }

  /**
   * What a reservation got.
   *
   * @param granted quanta now charged, from zero to what was asked
   * @param headroom quanta that could still be granted after it
   * @param tab the tab after it
   */
  public record Grant(long granted, long headroom, Tab tab) {}

  /**
   * A tab in order.
   *
   * @throws IllegalArgumentException if the vouchers are too many, out of order or of another
   *     channel, or if the phase contradicts the channel
   */
  public Tab {
    vouchers = List.copyOf(vouchers);
    if (vouchers.size() > MAX_VOUCHERS) {
      throw new IllegalArgumentException("more than " + MAX_VOUCHERS + " vouchers on a tab");
    }
    if (!phaseOf(channel, phase).equals(phase)) {
      throw new IllegalArgumentException("a tab cannot be " + phase + " on " + channel);
    }
    KeptVouchers.requireInOrder(channel.id(), vouchers);
  }

  /** The tab of a channel that nobody has paid here or used yet. */
  public static Tab of(Channel channel) {
    Phase phase = phaseOf(channel, new Phase.Open());
    return new Tab(channel, phase, channel.settled(), List.of(), Bill.EMPTY);
  }

  public ChannelId id() {
    return channel.id();
  }

  /** The amount of the best voucher, or what was brought forward where that is more. */
  public Amount authorized() {
    return best().max(broughtForward);
  }

  private Amount best() {
    return vouchers.isEmpty() ? Amount.ZERO : vouchers.get(vouchers.size() - 1).cumulative();
  }

  /** What may be spent: a reorganised chain can hold less than vouchers were taken for. */
  private Amount ceiling() {
    return authorized().min(channel.deposit());
  }

  /** What is charged, reservations included, on top of what was brought forward. */
  public Amount spent() {
    return broughtForward.plusOrMax(bill.total());
  }

  public boolean isOpen() {
    return phase instanceof Phase.Open;
  }

  /**
   * The voucher to redeem: the smallest that covers what is spent, else the best that the deposit
   * covers; null where there is none or the chain has settled as much already.
   */
  public @Nullable Voucher redeemable() {
    Voucher best = KeptVouchers.smallestCovering(vouchers, spent(), channel.deposit());
    return best != null && best.cumulative().exceeds(channel.settled()) ? best : null;
  }

  /**
   * Takes a voucher whose signature and signer were verified against this tab's channel.
   *
   * @param minDelta the least by which a voucher must raise what is authorized
   */
  public Step<Result<Acceptance>> accept(Voucher voucher, Amount minDelta) {
    Refusal unfit = unfitToSell();
    if (unfit != null) {
      return Step.keep(Result.refused(unfit));
    }
    Amount cumulative = voucher.cumulative();
    if (!raises(cumulative)) {
      return Step.keep(Result.ok(new Acceptance.Stale(this)));
    }
    if (cumulative.exceeds(channel.deposit())) {
      return Step.keep(
          Result.refused(new Refusal.AmountExceedsDeposit(cumulative, channel.deposit())));
    }
    Amount delta = cumulative.minus(authorized());
    if (!vouchers.isEmpty() && minDelta.exceeds(delta) && !cumulative.equals(channel.deposit())) {
      return Step.keep(Result.refused(new Refusal.DeltaTooSmall(delta, minDelta)));
    }
    Tab next = withVouchers(KeptVouchers.with(vouchers, voucher, spent()));
    return new Step<>(next, Result.ok(new Acceptance.Raised(next)));
  }

  /** A first voucher need only equal what is authorized: many channels open with one of zero. */
  private boolean raises(Amount cumulative) {
    int order = cumulative.compareTo(authorized());
    return order > 0 || (order == 0 && vouchers.isEmpty());
  }

  /**
   * Charges up to {@code quanta} at a tariff: all of it, or what authorization plus credit still
   * cover. Zero granted is an answer, not a refusal: the stream may hold for the next voucher.
   */
  public Step<Result<Grant>> reserve(Tariff tariff, long quanta, Amount credit) {
    Refusal unfit = unfitToSell();
    if (unfit != null) {
      return Step.keep(Result.refused(unfit));
    }
    if (bill.isFullFor(tariff)) {
      return Step.keep(Result.refused(new Refusal.TooManyTariffs()));
    }
    long affordable = affordable(tariff, credit);
    long granted = Math.min(quanta, affordable);
    if (granted == 0) {
      return Step.keep(Result.ok(new Grant(0, affordable, this)));
    }
    Tab next = withBill(bill.plus(tariff, granted));
    return new Step<>(next, Result.ok(new Grant(granted, affordable - granted, next)));
  }

  /** Quanta that could be charged now: within what is authorized plus credit, and the deposit. */
  public long affordable(Tariff tariff, Amount credit) {
    Amount covered = ceiling().plusOrMax(credit).min(channel.deposit());
    return isOpen() ? bill.affordable(tariff, covered.minusOrZero(broughtForward)) : 0;
  }

  /** Takes back what a stream reserved and did not use; in every phase. */
  public Step<Tab> giveBack(Tariff tariff, long quanta) {
    Tab next = withBill(bill.minus(tariff, quanta));
    return new Step<>(next, next);
  }

  /** Takes over what the chain says now: deposit, settled, forced close, finalized. */
  public Step<Tab> observe(Channel seen) {
    if (!seen.isSameAs(channel)) {
      throw new IllegalArgumentException("observed " + seen + " on the tab of " + channel);
    }
    if (seen.equals(channel)) {
      return Step.keep(this);
    }
    Amount unaccounted = seen.settled().minusOrZero(best());
    Tab next = new Tab(seen, phaseOf(seen, phase), broughtForward.max(unaccounted), vouchers, bill);
    return new Step<>(next, next);
  }

  /**
   * Stops selling, to close the channel with what {@link #redeemable} names.
   *
   * @param offered the payer's closing voucher, verified like any other, or null. It need not raise
   *     what is authorized: one of exactly what is spent spares the payer the rest of its window.
   *     One that does not cover what is spent is of no use and is passed over.
   */
  public Step<Result<Tab>> beginClose(@Nullable Voucher offered) {
    if (phase instanceof Phase.Closed) {
      return Step.keep(Result.refused(new Refusal.ChannelFinalized(id())));
    }
    if (offered != null && offered.cumulative().exceeds(channel.deposit())) {
      return Step.keep(
          Result.refused(
              new Refusal.AmountExceedsDeposit(offered.cumulative(), channel.deposit())));
    }
    Tab last =
        offered == null ? this : withVouchers(KeptVouchers.withLast(vouchers, offered, spent()));
    Voucher voucher = last.redeemable();
    Amount redeem = voucher == null ? channel.settled() : voucher.cumulative();
    Tab next = last.withPhase(new Phase.Closing(redeem));
    return new Step<>(next, Result.ok(next));
  }

  /** Sells again after a close that did not go through. */
  public Step<Tab> abandonClose() {
    if (!(phase instanceof Phase.Closing)) {
      return Step.keep(this);
    }
    Tab next = withPhase(phaseOf(channel, new Phase.Open()));
    return new Step<>(next, next);
  }

  private @Nullable Refusal unfitToSell() {
    if (phase instanceof Phase.Disputed) {
      return new Refusal.CloseRequested(id());
    }
    return isOpen() ? null : new Refusal.ChannelFinalized(id());
  }

  private static Phase phaseOf(Channel channel, Phase before) {
    if (channel.finalized() || before instanceof Phase.Closed) {
      return new Phase.Closed();
    }
    if (before instanceof Phase.Closing) {
      return before;
    }
    return channel.isCloseRequested() ? new Phase.Disputed() : new Phase.Open();
  }

  private Tab withPhase(Phase next) {
    return new Tab(channel, next, broughtForward, vouchers, bill);
  }

  private Tab withVouchers(List<Voucher> next) {
    return new Tab(channel, phase, broughtForward, next, bill);
  }

  private Tab withBill(Bill next) {
    return new Tab(channel, phase, broughtForward, vouchers, next);
  }
}
