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
 * @param reservations what streams under way have of the bill, in the order of their ids
 * @param seenAt Unix seconds when the payer last paid or took something, to {@link
 *     #SEEN_RESOLUTION}; 0 for never
 * @param owedSince Unix seconds since when something is {@linkplain #owed() owed}; 0 for nothing
 */
public record Tab(
    Channel channel,
    Phase phase,
    Amount broughtForward,
    List<Voucher> vouchers,
    Bill bill,
    List<Reservation> reservations,
    long seenAt,
    long owedSince) {
  /** The most vouchers kept per channel. */
  public static final int MAX_VOUCHERS = 32;

  /** The most streams of a channel that have something reserved, over all gateways. */
  public static final int MAX_RESERVATIONS = 256;

  /** Seconds within which it makes no difference when a payer was seen. */
  public static final long SEEN_RESOLUTION = 60;

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
   * @param granted quanta the stream has been granted in all, from none to what it wanted
   * @param headroom quanta that could still be granted after it
   * @param tab the tab after it
   */
  public record Grant(long granted, long headroom, Tab tab) {}

  /**
   * A tab in order.
   *
   * @throws IllegalArgumentException if vouchers or reservations are too many or out of order, if a
   *     voucher is of another channel, if more is reserved than charged, if the phase contradicts
   *     the channel, or if a time is below zero
   */
  public Tab {
    vouchers = List.copyOf(vouchers);
    reservations = List.copyOf(reservations);
    if (vouchers.size() > MAX_VOUCHERS || reservations.size() > MAX_RESERVATIONS) {
      throw new IllegalArgumentException(
          "more than %d vouchers or %d reservations".formatted(MAX_VOUCHERS, MAX_RESERVATIONS));
    }
    HeldReservations.requireInOrder(reservations, bill);
    if (!phaseOf(channel, phase).equals(phase)) {
      throw new IllegalArgumentException("a tab cannot be " + phase + " on " + channel);
    }
    KeptVouchers.requireInOrder(channel.id(), vouchers);
    if (seenAt < 0 || owedSince < 0) {
      throw new IllegalArgumentException("a time below zero: " + seenAt + ", " + owedSince);
    }
  }

  /** The tab of a channel that nobody has paid here or used yet. */
  public static Tab of(Channel channel) {
    Phase phase = phaseOf(channel, new Phase.Open());
    return new Tab(channel, phase, channel.settled(), List.of(), Bill.EMPTY, List.of(), 0, 0);
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

  /** What stays spent when all streams under way have used no more than they said last. */
  private Amount leastSpent() {
    return broughtForward.plusOrMax(HeldReservations.withoutUnused(bill, reservations).total());
  }

  /** What the payee has earned, could redeem, and has not been paid by the chain yet. */
  public Amount owed() {
    return phase instanceof Phase.Closed
        ? Amount.ZERO
        : spent().min(ceiling()).minusOrZero(channel.settled());
  }

  /**
   * Notes the time, before a change to this tab: what is owed now was so by then.
   *
   * @param now Unix seconds
   * @param byPayer whether the payer paid or took something
   */
  public Tab at(long now, boolean byPayer) {
    long seen = byPayer && now - seenAt >= SEEN_RESOLUTION ? now : seenAt;
    long since = owed().isZero() ? 0 : owedSince == 0 ? now : owedSince;
    return seen == seenAt && since == owedSince
        ? this
        : new Tab(channel, phase, broughtForward, vouchers, bill, reservations, seen, since);
  }

  public boolean isOpen() {
    return phase instanceof Phase.Open;
  }

  /**
   * The voucher to redeem: the smallest that covers what is spent, else the best that the deposit
   * covers; null where there is none or the chain has settled as much already.
   */
  public @Nullable Voucher redeemable() {
    return redeemable(channel);
  }

  /**
   * As {@link #redeemable()}, on what a newer block says of the channel: a deposit that is not
   * final sells nothing, but it pays.
   */
  public @Nullable Voucher redeemable(Channel seen) {
    Voucher best = KeptVouchers.smallestCovering(vouchers, spent(), seen.deposit());
    return best != null && best.cumulative().exceeds(seen.settled()) ? best : null;
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
    Tab next = withVouchers(KeptVouchers.with(vouchers, voucher, leastSpent()));
    return new Step<>(next, Result.ok(new Acceptance.Raised(next)));
  }

  /** A first voucher need only equal what is authorized: many channels open with one of zero. */
  private boolean raises(Amount cumulative) {
    int order = cumulative.compareTo(authorized());
    return order > 0 || (order == 0 && vouchers.isEmpty());
  }

  /**
   * Charges what a stream wants, or what authorization plus credit still cover of it. Nothing
   * granted is an answer, not a refusal: the stream may hold for the next voucher, and its
   * reservation, empty as it is, says that somebody waits.
   */
  public Step<Result<Grant>> reserve(Reservation.Ask ask) {
    Reservation held = HeldReservations.of(ask.stream(), reservations);
    Refusal unfit = unfitToReserve(ask, held);
    if (unfit != null) {
      return Step.keep(Result.refused(unfit));
    }
    Reservation now = held == null ? new Reservation(ask.stream(), ask.tariff(), 0, 0) : held;
    long affordable = affordable(ask.tariff(), ask.credit());
    long more = Math.min(Math.max(0, ask.wanted() - now.granted()), affordable);
    if (held != null && more == 0) {
      return Step.keep(Result.ok(new Grant(held.granted(), affordable, this)));
    }
    Reservation raised = now.raised(more, ask.used());
    Tab next = withBill(bill.plus(ask.tariff(), more), HeldReservations.with(reservations, raised));
    return new Step<>(next, Result.ok(new Grant(raised.granted(), affordable - more, next)));
  }

  private @Nullable Refusal unfitToReserve(Reservation.Ask ask, @Nullable Reservation held) {
    Refusal unfit = unfitToSell();
    if (unfit != null) {
      return unfit;
    }
    if (held != null) {
      return held.tariff().equals(ask.tariff()) ? null : new Refusal.StreamEnded(ask.stream());
    }
    if (ask.granted() > 0) {
      return new Refusal.StreamEnded(ask.stream());
    }
    if (reservations.size() == MAX_RESERVATIONS) {
      return new Refusal.TooManyStreams(MAX_RESERVATIONS);
    }
    return bill.isFullFor(ask.tariff()) ? new Refusal.TooManyTariffs() : null;
  }

  /** Quanta that could be charged now: within what is authorized plus credit, and the deposit. */
  public long affordable(Tariff tariff, Amount credit) {
    Amount covered = ceiling().plusOrMax(credit).min(channel.deposit());
    return isOpen() ? bill.affordable(tariff, covered.minusOrZero(broughtForward)) : 0;
  }

  /**
   * Ends a stream in any phase: what it was granted and did not use comes off the bill. One that
   * has no reservation, or no longer, changes nothing.
   *
   * @param used quanta it has used since it began
   * @throws IllegalArgumentException if it used more than it was granted
   */
  public Step<Tab> settle(StreamId stream, long used) {
    Reservation held = HeldReservations.of(stream, reservations);
    if (held == null) {
      return Step.keep(this);
    }
    Tab next =
        withBill(
            bill.minus(held.tariff(), held.granted() - used),
            HeldReservations.without(reservations, stream));
    return new Step<>(next, next);
  }

  /**
   * Ends the streams of a node that is gone. What they used nobody knows: all they were granted
   * stays charged, for it may have been delivered.
   */
  public Step<Tab> recover(NodeId node) {
    List<Reservation> left = HeldReservations.withoutNode(reservations, node);
    if (left.size() == reservations.size()) {
      return Step.keep(this);
    }
    Tab next = new Tab(channel, phase, broughtForward, vouchers, bill, left, seenAt, owedSince);
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
    Tab next =
        new Tab(
            seen,
            phaseOf(seen, phase),
            broughtForward.max(unaccounted),
            vouchers,
            bill,
            reservations,
            seenAt,
            owedSince);
    return new Step<>(next, next);
  }

  /**
   * Takes over what a redemption of ours has done: what is settled, and whether that was the end.
   * Its block may be too new for a deposit, or older than what was observed since.
   */
  public Step<Tab> redeemed(Channel after) {
    Amount settled = channel.settled().max(after.settled());
    return observe(
        channel.reading(
            channel.deposit().max(settled),
            settled,
            channel.closeRequestedAt(),
            channel.finalized() || after.finalized()));
  }

  /**
   * As {@link #observe}, by who has asked the chain again: a closed tab whose channel is not
   * finalized is to be closed once more. A reorganised chain has taken its close back, or a node
   * made it up.
   */
  public Step<Tab> observeAgain(Channel seen) {
    Step<Tab> observed = observe(seen);
    Tab tab = observed.answer();
    if (seen.finalized() || !(tab.phase() instanceof Phase.Closed)) {
      return observed;
    }
    Tab next = tab.closing();
    return new Step<>(next, next);
  }

  /**
   * Whether the chain has paid less than vouchers cover of what is spent: of a closed channel that
   * is a loss, or its end is not true.
   */
  public boolean isUnpaid() {
    return spent().min(authorized()).exceeds(channel.settled());
  }

  /**
   * Stops selling, to close the channel with what {@link #redeemable} names once no stream has a
   * reservation any more.
   *
   * @param offered the payer's closing voucher, verified like any other, or null. It need not raise
   *     what is authorized: one of exactly what is spent spares the payer the rest of its window.
   *     One that cannot cover what is spent, whatever the streams under way settle for, is of no
   *     use and is passed over.
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
        offered == null
            ? this
            : withVouchers(KeptVouchers.withLast(vouchers, offered, leastSpent()));
    Tab next = last.closing();
    return new Step<>(next, Result.ok(next));
  }

  private Tab closing() {
    Voucher voucher = redeemable();
    Amount redeem = voucher == null ? channel.settled() : voucher.cumulative();
    return withPhase(new Phase.Closing(redeem));
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
    return new Tab(channel, next, broughtForward, vouchers, bill, reservations, seenAt, owedSince);
  }

  private Tab withVouchers(List<Voucher> next) {
    return new Tab(channel, phase, broughtForward, next, bill, reservations, seenAt, owedSince);
  }

  /** A tab that is closing redeems by what its last streams leave on the bill. */
  private Tab withBill(Bill next, List<Reservation> held) {
    Tab tab = new Tab(channel, phase, broughtForward, vouchers, next, held, seenAt, owedSince);
    return phase instanceof Phase.Closing ? tab.closing() : tab;
  }
}
