package io.tollstream.gateway.payment;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Funding;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Result;
import io.tollstream.channels.Terms;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.Wallet.Deposited;
import io.tollstream.channels.Wallet.Plan;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A channel's payer, what it has signed and what it has got. */
final class MarketPayer {
  /** How far a payer signs ahead of what it has got. */
  static final long WINDOW = 100;

  final Terms terms;
  final Plan plan;
  final long deposit;
  final String openHash;
  long added;
  long signed;
  long delivered;

  /** What streams had reserved and not delivered when their gateway died: charged all the same. */
  long forfeited;

  @Nullable MarketStream stream;
  boolean known;
  boolean leaving;
  boolean gone;

  private MarketPayer(Terms terms, Plan plan, long deposit, String openHash) {
    this.terms = terms;
    this.plan = plan;
    this.deposit = deposit;
    this.openHash = openHash;
  }

  static MarketPayer opened(Terms terms, Plan plan, long deposit, Deposited deposited) {
    return new MarketPayer(terms, plan, deposit, deposited.transactionHash());
  }

  ChannelId id() {
    return plan.id();
  }

  PaymentAction.Open open(Address source, Voucher voucher) {
    return new PaymentAction.Open(
        id(), new Funding.Broadcast(openHash, source), plan.salt(), Address.ZERO, voucher);
  }

  /** The most it would sign now. */
  long ceiling() {
    reap();
    long reserved = stream == null ? 0 : stream.granted();
    return Math.min(deposit + added, delivered + reserved + forfeited + WINDOW);
  }

  /** Books a stream that has ended by itself. */
  void reap() {
    if (stream != null && stream.isOver()) {
      delivered += stream.deliver();
      stream = null;
    }
  }

  /** Books a stream whose gateway has died: what it held was charged, and some was delivered. */
  void crashed() {
    reap();
    if (stream != null) {
      long part = stream.deliver();
      delivered += part;
      forfeited += stream.granted() - part;
      stream = null;
    }
  }

  /** What must hold of the channel when all is over. */
  void check(Optional<Channel> channel) {
    if (channel.isEmpty()) {
      assertTrue(delivered == 0, () -> this + " got bytes on a deposit that never was");
      return;
    }
    long settled = channel.get().settled().baseUnits().longValueExact();
    assertTrue(settled >= delivered, () -> "the payee lost: " + this + ", " + channel);
    assertTrue(
        settled <= delivered + forfeited + WINDOW, () -> "overcharged: " + this + ", " + channel);
    assertTrue(settled <= signed, () -> "more than was signed: " + this + ", " + channel);
  }

  static boolean isTaken(Result<?> result) {
    return result instanceof Result.Ok<?>;
  }

  @Override
  public String toString() {
    return "channel %s: deposit %d + %d, signed %d, delivered %d, forfeited %d%s%s"
        .formatted(
            id(),
            deposit,
            added,
            signed,
            delivered,
            forfeited,
            leaving ? ", leaving" : "",
            gone ? ", gone" : "");
  }
}
