package io.tollstream.gateway.payment;

import io.tollstream.channels.Address;
import io.tollstream.channels.Chain;
import io.tollstream.channels.Chain.Quote;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.SettlementPolicy;
import io.tollstream.channels.SettlementPolicy.Due;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Voucher;
import io.tollstream.gateway.payment.Settler.Claim;
import io.tollstream.gateway.payment.Settler.Outcome;
import io.tollstream.metering.Amount;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One look at every tab of an escrow, in the order of their ids: what is due is done. */
final class Sweep {
  private static final Logger LOG = LoggerFactory.getLogger(Sweep.class);

  /** The most outcomes that are told. */
  static final int MAX_OUTCOMES = 1_000;

  private final Settler settler;
  private final Tabs tabs;
  private final Chain chain;
  private final SettlementPolicy rule;
  private final long now;
  private final boolean dryRun;
  private final Map<Address, Amount> gas = new HashMap<>();
  private final Map<Address, List<Claim>> waiting = new HashMap<>();
  private final List<Outcome> outcomes = new ArrayList<>();

  /**
   * A look at every tab of the chain's escrow.
   *
   * @param now Unix seconds
   */
  Sweep(Settler settler, Tabs tabs, Chain chain, SettlementPolicy rule, long now, boolean dryRun) {
    this.settler = settler;
    this.tabs = tabs;
    this.chain = chain;
    this.rule = rule;
    this.now = now;
    this.dryRun = dryRun;
  }

  Future<List<Outcome>> run() {
    return tabs.eachPage(this::lookAtAll)
        .compose(done -> flushAll())
        .map(done -> List.copyOf(outcomes));
  }

  private Future<Void> lookAtAll(List<Tab> page) {
    Future<Void> done = Future.succeededFuture();
    for (Tab tab : page) {
      done = done.compose(before -> lookInAnyCase(tab));
    }
    return done;
  }

  /** One channel's trouble is not the others'. */
  private Future<Void> lookInAnyCase(Tab tab) {
    Voucher voucher = tab.redeemable();
    boolean ours = tab.channel().escrow().equals(chain.escrow());
    if (!ours || voucher == null || !tab.isOpen() || settler.isClosing(tab.id())) {
      return Future.succeededFuture();
    }
    return look(tab, voucher)
        .recover(
            failure -> {
              LOG.warn("Channel {} could not be settled", tab.id(), failure);
              return Future.succeededFuture();
            });
  }

  private Future<Void> look(Tab tab, Voucher voucher) {
    return settler
        .isByContract(tab)
        .compose(
            byContract ->
                (byContract ? quote(voucher) : usualCost(tab.channel().token(), voucher))
                    .compose(
                        cost ->
                            cost == null
                                ? Future.succeededFuture()
                                : act(
                                    new Claim(
                                        tab, voucher, rule.due(tab, now, cost, byContract), cost),
                                    byContract)));
  }

  /** What settling costs where a key has signed: asked once a sweep and token. */
  private Future<@Nullable Amount> usualCost(Address token, Voucher sample) {
    Amount known = gas.get(token);
    return known != null
        ? Future.succeededFuture(known)
        : quote(sample)
            .onSuccess(
                cost -> {
                  if (cost != null) {
                    gas.put(token, cost);
                  }
                });
  }

  /** Null where nobody can tell now. A contract that signs can make its own dear. */
  private Future<@Nullable Amount> quote(Voucher voucher) {
    return Payments.of(chain.quoteSettle(voucher))
        .map(
            quoted -> {
              if (quoted instanceof Result.Ok<Quote> ok) {
                return ok.value().cost();
              }
              Refusal refusal = ((Result.Refused<Quote>) quoted).refusal();
              LOG.warn("Channel {} cannot be settled: {}", voucher.channelId(), refusal);
              return null;
            });
  }

  private Future<Void> act(Claim claim, boolean byContract) {
    if (claim.due() == Due.NOTHING) {
      return Future.succeededFuture();
    }
    if (dryRun) {
      return Future.succeededFuture(tell(claim.planned())).mapEmpty();
    }
    if (claim.due() == Due.CLOSE) {
      settler.closeLater(claim.tab());
      return Future.succeededFuture();
    }
    if (byContract || settler.isAlone(claim.id())) {
      return settler.settleAlone(claim).map(this::tell).mapEmpty();
    }
    Address token = claim.tab().channel().token();
    List<Claim> batch = waiting.computeIfAbsent(token, any -> new ArrayList<>());
    batch.add(claim);
    return batch.size() < chain.batch() ? Future.succeededFuture() : flush(token);
  }

  private Future<Void> flushAll() {
    Future<Void> done = Future.succeededFuture();
    for (Address token : List.copyOf(waiting.keySet())) {
      done = done.compose(before -> flush(token));
    }
    return done;
  }

  private Future<Void> flush(Address token) {
    List<Claim> batch = waiting.remove(token);
    return batch == null
        ? Future.succeededFuture()
        : settler.settleTogether(token, batch).map(this::tellAll).mapEmpty();
  }

  private Outcome tell(Outcome outcome) {
    if (outcomes.size() < MAX_OUTCOMES) {
      outcomes.add(outcome);
    }
    return outcome;
  }

  private List<Outcome> tellAll(List<Outcome> all) {
    all.forEach(this::tell);
    return all;
  }
}
