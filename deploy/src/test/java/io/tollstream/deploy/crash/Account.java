package io.tollstream.deploy.crash;

import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.Wallet;
import io.tollstream.channels.Wallet.Deposited;
import io.tollstream.gateway.wire.Receipt;
import io.tollstream.metering.Amount;
import java.util.EnumMap;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * What a payer holds of one channel, to the byte: every voucher signed, the best one acknowledged,
 * every body byte that arrived. What a gateway says is held against it; a contradiction throws.
 *
 * <p>What a tab charges beyond what arrived is its <em>surplus</em>. It grows only where bytes can
 * have been lost: by the reservations of streams that a kill ended, and by what sockets held when a
 * stream was broken off. Streams note how much that can be at most; a channel none of whose streams
 * ever broke has no surplus at all.
 */
final class Account {
  /** Where a channel stands, as far as its payer knows. */
  enum State {
    /** On chain, and not acknowledged by a gateway yet. */
    OPENING,
    OPEN,
    /** A gateway was asked to close it. */
    CLOSING,
    /** Final on chain. */
    CLOSED
  }

  /** Each ware's line of a bill is rounded by itself. */
  private static final Amount ROUNDING = Amount.of(Ware.values().length);

  private final Wallet wallet;
  private final Deposited deposited;
  private final NavigableSet<Amount> signed = new TreeSet<>();
  private final Map<Ware, Long> arrived = new EnumMap<>(Ware.class);
  private final Map<Ware, Long> lost = new EnumMap<>(Ware.class); // at most, since the last audit
  private boolean everLost;
  private State state = State.OPENING;
  private Amount acknowledged = Amount.ZERO;
  private Amount spent = Amount.ZERO; // as last told
  private Amount surplus = Amount.ZERO; // at the last audit

  Account(Wallet wallet, Deposited deposited) {
    this.wallet = wallet;
    this.deposited = deposited;
  }

  ChannelId id() {
    return deposited.channel().id();
  }

  Deposited deposited() {
    return deposited;
  }

  Wallet wallet() {
    return wallet;
  }

  Amount deposit() {
    return deposited.channel().deposit();
  }

  synchronized State state() {
    return state;
  }

  synchronized void setState(State next) {
    state = next;
  }

  /** Whether the gateway may refuse to sell, for its payer has asked it to close. */
  synchronized boolean isLeaving() {
    return state == State.CLOSING || state == State.CLOSED;
  }

  /** The largest voucher signed; whoever signs one sends it. */
  synchronized Amount best() {
    return signed.isEmpty() ? Amount.ZERO : signed.last();
  }

  synchronized Amount lastSpent() {
    return spent;
  }

  /** What was charged beyond what arrived, when that was last looked at. */
  synchronized Amount surplus() {
    return surplus;
  }

  /** What everything that arrived costs. */
  synchronized Amount cost() {
    return Ware.cost(arrived);
  }

  synchronized Voucher sign(Amount cumulative) {
    signed.add(cumulative);
    return wallet.sign(id(), cumulative);
  }

  /** A voucher of so much more than the best one, or of the whole deposit. */
  synchronized Voucher raise(Amount step) {
    return atLeast(best().plus(step));
  }

  /** As {@link #raise}, once all that is signed is acknowledged: till then, the best one again. */
  synchronized Voucher raiseOnce(Amount step) {
    return acknowledged.equals(best()) ? raise(step) : sign(best());
  }

  /** A voucher of at least so much, within the deposit; the best one where that is. */
  synchronized Voucher atLeast(Amount cumulative) {
    return sign(best().max(cumulative.min(deposit())));
  }

  /** A voucher that leaves so much to be spent; the best one where that does already. */
  synchronized Voucher ahead(Amount margin) {
    return atLeast(charged().plus(margin));
  }

  /** Whether less than a margin is left to be spent, and the deposit has more. */
  synchronized boolean isShort(Amount margin) {
    return charged().plus(margin).min(deposit()).exceeds(best());
  }

  /** What is charged already, as far as can be known here. */
  private Amount charged() {
    return cost().plus(surplus).max(spent);
  }

  /** Body bytes have arrived; they must have been paid for. */
  synchronized void arrived(Ware ware, long bytes) {
    arrived.merge(ware, bytes, Long::sum);
    require(!cost().exceeds(best()), "delivered beyond what was ever signed");
  }

  /** So many bytes, at most, may have been charged and never arrive. */
  synchronized void mayHaveLost(Ware ware, long bytes) {
    if (bytes > 0) {
      lost.merge(ware, bytes, Long::sum);
      everLost = true;
    }
  }

  /**
   * A gateway has answered a voucher.
   *
   * @param before what had arrived when the voucher went out, in base units
   */
  synchronized void acknowledged(Voucher voucher, Receipt receipt, Amount before) {
    told(receipt);
    require(
        !voucher.cumulative().exceeds(receipt.acceptedCumulative()),
        "the receipt of " + voucher.cumulative() + " accepts " + receipt.acceptedCumulative());
    require(
        !before.exceeds(receipt.spent()),
        "a receipt says " + receipt.spent() + " spent after " + before + " had arrived");
  }

  /** A gateway has said where the channel stands. */
  synchronized void told(Receipt receipt) {
    require(receipt.channelId().equals(id()), "a receipt of " + receipt.channelId());
    Amount accepted = receipt.acceptedCumulative();
    require(accepted.isZero() || signed.contains(accepted), "never signed: " + accepted);
    require(!receipt.spent().exceeds(accepted), receipt.spent() + " spent of " + accepted);
    acknowledged = acknowledged.max(accepted);
    spent = receipt.spent();
  }

  /** Holds a tab against this account, while nothing is under way. */
  synchronized void audit(TabView tab) {
    require(tab.deposit().equals(deposit()), "a deposit of " + tab.deposit());
    require(
        !acknowledged.exceeds(tab.authorized()),
        "acknowledged " + acknowledged + ", kept " + tab.authorized());
    require(
        tab.authorized().isZero() || signed.contains(tab.authorized()),
        "never signed: " + tab.authorized());
    require(
        !cost().exceeds(tab.authorized()),
        "delivered " + cost() + " beyond authorized " + tab.authorized());
    require(
        !tab.spent().exceeds(tab.authorized()),
        tab.spent() + " spent of " + tab.authorized() + " authorized");
    require(isPossible(tab.phase()), "it is " + tab.phase());
    auditSpent(tab.spent());
  }

  private void auditSpent(Amount now) {
    require(!cost().exceeds(now), "delivered " + cost() + ", charged " + now);
    Amount surplusNow = now.minus(cost());
    require(everLost || surplusNow.isZero(), "charged " + surplusNow + " too much");
    Amount most = surplus.plus(Ware.cost(lost)).plus(ROUNDING);
    require(
        !surplusNow.exceeds(most), "charged " + surplusNow + " beyond what came; at most " + most);
    require(
        !surplus.exceeds(surplusNow.plus(ROUNDING)),
        "the surplus of " + surplus + " has shrunk to " + surplusNow);
    surplus = surplusNow;
    spent = now;
    lost.clear();
  }

  private boolean isPossible(String phase) {
    return switch (state) {
      case OPENING, OPEN -> phase.equals("open");
      case CLOSING -> phase.equals("open") || phase.equals("closing") || phase.equals("closed");
      case CLOSED -> phase.equals("closing") || phase.equals("closed");
    };
  }

  /** Holds the end on chain against what is stored: the smallest voucher that covers the bill. */
  synchronized void auditClosed(Channel channel, Tab stored) {
    require(channel.finalized(), "not finalized on chain");
    Amount due =
        stored.vouchers().stream()
            .map(Voucher::cumulative)
            .filter(cumulative -> !stored.spent().exceeds(cumulative))
            .findFirst()
            .orElseThrow(() -> broken("no stored voucher covers " + stored.spent()));
    require(channel.settled().equals(due), "settled " + channel.settled() + " instead of " + due);
    require(signed.contains(due), "settled a voucher that was never signed: " + due);
    require(!cost().exceeds(due), "settled " + due + " for bytes that cost " + cost());
  }

  private void require(boolean holds, String otherwise) {
    if (!holds) {
      throw broken(otherwise);
    }
  }

  private AssertionError broken(String what) {
    return new AssertionError("channel " + id() + ": " + what + "; " + this);
  }

  @Override
  public synchronized String toString() {
    return state
        + ", best signed "
        + best()
        + ", acknowledged "
        + acknowledged
        + ", arrived "
        + arrived
        + " costing "
        + cost()
        + ", surplus "
        + surplus
        + ", may have lost "
        + lost;
  }
}
