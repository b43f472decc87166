package io.tollstream.gateway.payment;

import io.tollstream.channels.Address;
import io.tollstream.channels.Chain;
import io.tollstream.channels.Chain.Quote;
import io.tollstream.channels.Chain.Redemption;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.SettlementPolicy;
import io.tollstream.channels.SettlementPolicy.Due;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Amount;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Redeems what the channels of one escrow owe, when its policy says so. Of several gateways on a
 * ledger only the one that leads does.
 */
public final class Settler {
  private static final Logger LOG = LoggerFactory.getLogger(Settler.class);

  /** The most channels that are kept out of batches, because one has left them out. */
  private static final int MAX_ALONE = 1_024;

  /**
   * What was done about a channel, or would be.
   *
   * @param proceeds what the payee gets
   * @param cost of the gas, in base units of the chain's coin, as reckoned beforehand; zero where
   *     that failed
   * @param transactionHash null where nothing was sent
   * @param refusal why nothing came of it, or null
   */
  public record Outcome(
      ChannelId channelId,
      Due due,
      Amount proceeds,
      Amount cost,
      @Nullable String transactionHash,
      @Nullable Refusal refusal) {}

  private final Tabs tabs;
  private final Payments payments;
  private final Chain chain;
  private final SettlementPolicy policy;
  private final boolean contractSigners;
  private final InstantSource clock;
  private final Set<ChannelId> alone = ConcurrentHashMap.newKeySet();

  Settler(
      Tabs tabs,
      Payments payments,
      Chain chain,
      SettlementPolicy policy,
      boolean contractSigners,
      InstantSource clock) {
    this.tabs = tabs;
    this.payments = payments;
    this.chain = chain;
    this.policy = policy;
    this.contractSigners = contractSigners;
    this.clock = clock;
  }

  /** Starts the rounds, {@code pauseMillis} from the end of one to the start of the next. */
  public void start(Vertx vertx, long pauseMillis) {
    vertx.setTimer(
        pauseMillis,
        now ->
            round()
                .onFailure(failure -> LOG.warn("A round of settlements failed", failure))
                .onComplete(done -> start(vertx, pauseMillis)));
  }

  /** Does what is due, if this is the gateway to do it. */
  Future<List<Outcome>> round() {
    return tabs.leads() ? sweep(policy, false) : Future.succeededFuture(List.of());
  }

  /**
   * Settles every channel that is worth its gas, however little.
   *
   * @param dryRun only tells what would be done
   */
  public Future<List<Outcome>> settleAll(boolean dryRun) {
    return sweep(policy.atOnce(), dryRun);
  }

  private Future<List<Outcome>> sweep(SettlementPolicy rule, boolean dryRun) {
    return new Sweep(this, tabs, chain, rule, clock.instant().getEpochSecond(), dryRun).run();
  }

  /** Settles one channel, worth its gas or not; empty where nothing is to be redeemed. */
  public Future<List<Outcome>> settle(Tab tab, boolean dryRun) {
    Voucher voucher = tab.redeemable();
    if (voucher == null) {
      return Future.succeededFuture(List.of());
    }
    return Payments.of(chain.quoteSettle(voucher))
        .compose(
            quoted -> {
              Claim claim = new Claim(tab, voucher, Due.SETTLE, cost(quoted));
              return quoted instanceof Result.Refused<Quote> refused
                  ? Future.succeededFuture(claim.refused(refused.refusal()))
                  : dryRun ? Future.succeededFuture(claim.planned()) : settleAlone(claim);
            })
        .map(List::of);
  }

  /** Closes one channel with what it owes; the rest goes back to its payer. */
  public Future<List<Outcome>> close(Tab tab, boolean dryRun) {
    return closing(tab, dryRun).map(List::of);
  }

  private Future<Outcome> closing(Tab tab, boolean dryRun) {
    Voucher voucher = tab.redeemable();
    return Payments.of(chain.quoteClose(tab.id(), voucher))
        .compose(
            quoted -> {
              Claim claim = new Claim(tab, voucher, Due.CLOSE, cost(quoted));
              return quoted instanceof Result.Refused<Quote> refused
                  ? Future.succeededFuture(claim.refused(refused.refusal()))
                  : dryRun ? Future.succeededFuture(claim.planned()) : closeNow(claim);
            });
  }

  private Future<Outcome> closeNow(Claim claim) {
    return payments
        .redeem(chain, claim.id(), null)
        .map(
            result ->
                result instanceof Result.Ok<Payments.Paid> ok
                    ? claim.doneBy(ok.value().transactionHash())
                    : claim.refused(((Result.Refused<Payments.Paid>) result).refusal()));
  }

  private static Amount cost(Result<Quote> quoted) {
    return quoted instanceof Result.Ok<Quote> ok ? ok.value().cost() : Amount.ZERO;
  }

  /**
   * What is due on a channel.
   *
   * @param voucher null where nothing more is to be redeemed by a close
   */
  record Claim(Tab tab, @Nullable Voucher voucher, Due due, Amount cost) {
    ChannelId id() {
      return tab.id();
    }

    Voucher requireVoucher() {
      return Objects.requireNonNull(voucher);
    }

    Outcome planned() {
      return doneBy(null);
    }

    Outcome doneBy(@Nullable String hash) {
      Amount proceeds =
          voucher == null ? Amount.ZERO : voucher.cumulative().minusOrZero(tab.channel().settled());
      return new Outcome(id(), due, proceeds, cost, hash, null);
    }

    Outcome refused(Refusal refusal) {
      return new Outcome(id(), due, Amount.ZERO, cost, null, refusal);
    }
  }

  /** Settles by a transaction of its own, which costs nothing where it would fail. */
  Future<Outcome> settleAlone(Claim claim) {
    return Payments.of(chain.settle(claim.requireVoucher()))
        .compose(
            result -> {
              if (result instanceof Result.Ok<Redemption> ok) {
                alone.remove(claim.id());
                return observe(ok.value()).map(claim.doneBy(ok.value().transactionHash()));
              }
              Refusal refusal = ((Result.Refused<Redemption>) result).refusal();
              LOG.warn("Channel {} was not settled: {}", claim.id(), refusal);
              return Future.succeededFuture(claim.refused(refusal));
            });
  }

  /** Whether a contract signs the channel's vouchers; not asked where that is not allowed. */
  Future<Boolean> isByContract(Tab tab) {
    return contractSigners
        ? Payments.of(chain.isContract(tab.channel().signer()))
            .map(result -> result instanceof Result.Ok<Boolean> ok && ok.value())
        : Future.succeededFuture(false);
  }

  /** Whether a batch has left the channel out. */
  boolean isAlone(ChannelId id) {
    return alone.contains(id);
  }

  /** Closes without being waited for: who has gone must not hold up the others. */
  void closeLater(Tab tab) {
    if (payments.closing().size() >= Departures.MAX_CLOSING || isClosing(tab.id())) {
      return;
    }
    closing(tab, false)
        .onSuccess(
            outcome -> {
              if (outcome.refusal() != null) {
                LOG.warn("Channel {} was not closed: {}", tab.id(), outcome.refusal());
              }
            })
        .onFailure(failure -> LOG.warn("Channel {} was not closed", tab.id(), failure));
  }

  boolean isClosing(ChannelId id) {
    return payments.closing().contains(id);
  }

  private Future<Void> observe(Redemption redemption) {
    return tabs.redeemed(redemption.channel()).mapEmpty();
  }

  Future<List<Outcome>> settleTogether(Address token, List<Claim> claims) {
    if (claims.size() == 1) {
      return settleAlone(claims.get(0)).map(List::of);
    }
    return Payments.of(chain.settle(token, claims.stream().map(Claim::requireVoucher).toList()))
        .compose(
            result -> {
              if (result instanceof Result.Refused<List<Redemption>> refused) {
                LOG.warn("{} channels were not settled: {}", claims.size(), refused.refusal());
                return Future.succeededFuture(
                    claims.stream().map(claim -> claim.refused(refused.refusal())).toList());
              }
              return settled(claims, ((Result.Ok<List<Redemption>>) result).value());
            });
  }

  private Future<List<Outcome>> settled(List<Claim> claims, List<Redemption> redemptions) {
    Map<ChannelId, Redemption> byId = new HashMap<>();
    redemptions.forEach(each -> byId.put(each.channel().id(), each));
    List<Outcome> outcomes = new ArrayList<>();
    for (Claim claim : claims) {
      Redemption redemption = byId.get(claim.id());
      if (redemption != null) {
        outcomes.add(claim.doneBy(redemption.transactionHash()));
      } else {
        leftOut(claim.id());
        outcomes.add(claim.refused(new Refusal.TransactionReverted("left out of the batch")));
      }
    }
    return Future.join(redemptions.stream().map(this::observe).toList()).map(outcomes);
  }

  /** By itself it costs no gas to learn what is wrong with it. */
  private void leftOut(ChannelId id) {
    if (alone.size() < MAX_ALONE) {
      alone.add(id);
    }
  }
}
