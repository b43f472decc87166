package io.tollstream.gateway.payer;

import io.tollstream.gateway.payer.ChannelAccount.State;
import io.tollstream.gateway.wire.SessionRequest;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import java.math.BigInteger;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides what is signed next on one channel, for all the streams that share it. It does no I/O and
 * reads no clock; one event loop owns it.
 *
 * <p>The rule that nothing breaks: what is signed never exceeds the cost of everything received
 * over the channel's life plus one {@link Window}, nor the deposit, nor the budget. What a server
 * demands or claims moves the payer within that rule, never past it. Bytes that were lost because a
 * body was {@link BrokenOff} here count as received.
 */
final class LiveChannel {
  /** A window that is too narrow for so long is used up. */
  static final long STARVED_MILLIS = 2_000;

  private static final long NOT_STARVED = Long.MAX_VALUE;

  private final SpendingPolicy policy;
  private final RunBudget budget;
  private final Window window;
  private final BrokenOff brokenOff;
  private final Set<PaidStream> streams = new LinkedHashSet<>();
  private ChannelAccount account;
  private SessionRequest offer;
  private Amount demanded = Amount.ZERO;
  private long starvedSinceMillis = NOT_STARVED;

  LiveChannel(
      ChannelAccount account, SessionRequest offer, SpendingPolicy policy, RunBudget budget) {
    this.account = account;
    this.brokenOff = new BrokenOff(account.claimed().minusOrZero(account.cost()));
    this.offer = offer;
    this.policy = policy;
    this.budget = budget;
    Tariff tariff = offer.tariff();
    this.window =
        new Window(
            offer.chunkBytes() > 0 ? offer.chunkBytes() : 1,
            account.received().quanta(tariff),
            policy.windowQuanta(tariff.unit().kind()));
  }

  ChannelAccount account() {
    return account;
  }

  SessionRequest offer() {
    return offer;
  }

  Window window() {
    return window;
  }

  int streams() {
    return streams.size();
  }

  /** An offer that policy has passed is what later requests are paid at. */
  void offered(SessionRequest next, String resource) {
    offer = next;
    account = account.at(resource);
  }

  /** A request that is to be paid for is about to be sent. */
  PaidStream begin(Tariff tariff) {
    PaidStream stream =
        new PaidStream(tariff, 2 * Math.max(1, Math.min(offer.chunkBytes(), widest())));
    streams.add(stream);
    return stream;
  }

  /** What a first chunk costs, as far as a window goes. */
  Amount chunkCost() {
    return offer.tariff().cost(Math.max(1, Math.min(offer.chunkBytes(), widest())));
  }

  /** The stream is over: nothing more is paid for it. */
  void end(PaidStream stream) {
    streams.remove(stream);
    if (streams.isEmpty()) {
      demanded = Amount.ZERO;
    }
  }

  /** As {@link #end}, of a body that was broken off here. */
  void cancel(PaidStream stream) {
    Tariff tariff = stream.tariff();
    boolean timed = tariff.unit().kind() == TariffUnit.Kind.TIME;
    brokenOff.add(unserved(), tariff.cost(timed ? widest() : BrokenOff.UNDER_WAY_BYTES));
    end(stream);
  }

  /** What is authorized and did not come, or not yet. */
  private Amount unserved() {
    return account.signed().minusOrZero(account.cost());
  }

  /** What was charged for bodies that were broken off here, and never came. */
  Amount writtenOff() {
    return brokenOff.of(account, account.received().totalWith(offer.tariff(), widest()));
  }

  void received(PaidStream stream, int bytes, long nowMillis) {
    long quanta = stream.received(bytes, nowMillis);
    account = account.received(stream.tariff(), quanta);
    window.received(quanta, nowMillis);
  }

  /** The gateway wants a voucher of at least this. */
  void demands(Amount required) {
    demanded = demanded.max(required);
  }

  /**
   * The gateway says what it has charged.
   *
   * @return a dispute, where it is more than was received and one window; the channel is stopped
   */
  @Nullable PayerRefusal claims(Amount spent) {
    account = account.claimed(spent);
    Amount counted = account.cost();
    if (spent.exceeds(account.signed()) && spent.exceeds(within(widest()))) {
      account = account.in(State.STOPPED);
      return new PayerRefusal.Disputed(spent, counted);
    }
    return null;
  }

  /**
   * Whether transfers that were broken off, charged when they left and never received, have eaten
   * so much of the window that the channel is better replaced.
   */
  boolean isWorn() {
    return streams.isEmpty() && account.claimed().exceeds(within(widest() / 4 * 3));
  }

  /**
   * Whether the gateway has asked for a while for more than the window lets be signed, though it is
   * no stranger any more: what is signed does not come.
   */
  boolean isStarved(long nowMillis) {
    Amount asked = wanted().min(account.deposit()).min(budget.ceiling(account.id()));
    if (window.limit(1) < widest() || !asked.exceeds(within(widest()))) {
      starvedSinceMillis = NOT_STARVED;
      return false;
    }
    starvedSinceMillis = Math.min(starvedSinceMillis, nowMillis);
    return nowMillis - starvedSinceMillis >= STARVED_MILLIS;
  }

  /**
   * What to think of that: bodies broken off here explain most of it, and another channel goes on;
   * or else the gateway has taken money for nothing.
   */
  PayerRefusal starvation() {
    return brokenOff.explains(unserved())
        ? new PayerRefusal.Worn(unserved())
        : new PayerRefusal.Unserved(unserved());
  }

  /** The amount to sign now, or null where what is signed will do. */
  @Nullable Amount due() {
    Amount target = wanted().min(ceiling());
    if (!target.exceeds(account.signed()) || (!isLow() && !isDemanded())) {
      return null;
    }
    return raisedByDelta(target);
  }

  private boolean isDemanded() {
    return demanded.exceeds(account.signed());
  }

  private boolean isLow() {
    long half = Math.max(1, window.quanta(streams.size()) / 2);
    return within(Math.min(half, remaining())).exceeds(account.signed());
  }

  private Amount wanted() {
    Amount ahead = within(Math.min(window.quanta(streams.size()), remaining()));
    return streams.isEmpty() ? ahead : ahead.max(demanded);
  }

  /** What the gateway would not take as too small a step is raised, where the ceiling allows. */
  private @Nullable Amount raisedByDelta(Amount target) {
    Amount least = account.signed().plusOrMax(offer.minVoucherDelta());
    if (account.signed().isZero() || !least.exceeds(target) || target.equals(account.deposit())) {
      return target;
    }
    return least.exceeds(ceiling()) ? null : least;
  }

  /** The most that may be signed now, whoever asks. */
  Amount ceiling() {
    return within(window.limit(streams.size()))
        .min(account.deposit())
        .min(budget.ceiling(account.id()));
  }

  /** What may be signed with a window of so many quanta. */
  private Amount within(long quanta) {
    return ahead(quanta).plusOrMax(writtenOff());
  }

  private long widest() {
    return policy.windowQuanta(offer.tariff().unit().kind());
  }

  /** The cost of what was received and this many quanta more, at the dearest tariff in use. */
  private Amount ahead(long quanta) {
    Amount most = account.cost();
    for (PaidStream stream : streams) {
      most = most.max(account.received().totalWith(stream.tariff(), quanta));
    }
    return streams.isEmpty() ? account.received().totalWith(offer.tariff(), quanta) : most;
  }

  private long remaining() {
    long sum = 0;
    for (PaidStream stream : streams) {
      long more = stream.remaining();
      sum = more > Long.MAX_VALUE - sum ? Long.MAX_VALUE : sum + more;
    }
    return sum;
  }

  /** How much to deposit in addition, or null where the deposit lasts or nothing can be added. */
  @Nullable Amount topUp() {
    if (streams.isEmpty() || !isDepositNear()) {
      return null;
    }
    Amount size = policy.depositFor(offer, budget.left(account.token()));
    return size.isZero() ? null : size;
  }

  private boolean isDepositNear() {
    Amount deposit = account.deposit();
    long remaining = remaining();
    long soon = 4 * Math.min(window.quanta(streams.size()), Long.MAX_VALUE / 8);
    boolean nearlySpent = account.cost().exceeds(threeQuarters(deposit));
    return ahead(Math.min(remaining, soon)).exceeds(deposit)
        || demanded.exceeds(deposit)
        || (nearlySpent && ahead(remaining).exceeds(deposit));
  }

  private static Amount threeQuarters(Amount amount) {
    return new Amount(amount.baseUnits().shiftRight(2).multiply(BigInteger.valueOf(3)));
  }

  /** Whether the streams have had all that was authorized and no more may be. */
  boolean isDry() {
    return remaining() > 0 && !ceiling().exceeds(account.signed()) && isUsedUp();
  }

  private boolean isUsedUp() {
    for (PaidStream stream : streams) {
      if (account.received().affordable(stream.tariff(), account.signed()) > 0) {
        return false;
      }
    }
    return !streams.isEmpty();
  }

  /**
   * Whether the gateway asks for more and money alone is what is missing, not the window: what was
   * lost on the way is charged, so this comes before {@link #isDry}.
   */
  boolean isOutOfMoney() {
    boolean more = isDemanded() || !account.signed().exceeds(account.claimed());
    boolean mayRise = ceiling().exceeds(account.signed());
    return more && !mayRise && within(window.limit(streams.size())).exceeds(account.signed());
  }

  /** Why nothing more may be authorized. */
  PayerRefusal dryness() {
    Amount budgetCeiling = budget.ceiling(account.id());
    Amount wanted = wanted();
    if (!wanted.exceeds(budgetCeiling) || !budget.left(account.token()).isZero()) {
      return new PayerRefusal.DepositUsedUp(account.deposit(), "no top-up came through");
    }
    return new PayerRefusal.BudgetTooSmall(
        wanted.minusOrZero(budgetCeiling), budget.left(account.token()));
  }

  /** Notes what is about to be signed; it must be on disk before the signature leaves. */
  ChannelAccount sign(Amount cumulative) {
    account = account.signed(cumulative);
    budget.signed(account.id(), cumulative);
    return account;
  }

  /** So much is about to be added: the budget is charged before anything is signed. */
  void commits(Amount additional) {
    budget.toppedUp(account.id(), additional);
  }

  /** Of that so much was surely not added. */
  void releases(Amount additional) {
    budget.released(account.id(), additional);
  }

  void deposited(Amount total) {
    account = account.deposited(total.max(account.deposit()));
  }

  /** Goes to a state; {@link State#CLOSED} is for what the chain has told, nobody else. */
  void in(State state) {
    account = account.in(state);
    if (state == State.CLOSED) {
      budget.closed(account.id()); // of any other the deposit is still out
    }
  }
}
