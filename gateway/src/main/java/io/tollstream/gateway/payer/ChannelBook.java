package io.tollstream.gateway.payer;

import io.tollstream.channels.Channel;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Wallet;
import io.tollstream.gateway.payer.ChannelAccount.State;
import io.tollstream.metering.Amount;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The channels of one run: finds the one that pays an offer, in use or on disk, or opens it.
 * Whoever asks meanwhile waits for the same one.
 */
final class ChannelBook {
  private static final Logger LOG = LoggerFactory.getLogger(ChannelBook.class);

  /** An open that no chain shows for so long is not waited for. */
  private static final Duration MINED_WITHIN = Duration.ofHours(6);

  private final Till till;
  private final Wallets wallets;
  private final Map<ChannelKey, PayingChannel> channels = new HashMap<>();
  private final Map<ChannelKey, Future<PayingChannel>> pending = new HashMap<>();
  private final OpeningLimit limit = new OpeningLimit();
  private final List<PayingChannel> former = new ArrayList<>();

  ChannelBook(Till till, Wallets wallets) {
    this.till = till;
    this.wallets = wallets;
  }

  /** Every channel that this run has used. */
  Collection<PayingChannel> all() {
    List<PayingChannel> all = new ArrayList<>(former);
    all.addAll(channels.values());
    return all;
  }

  /** The channel that pays an offer. */
  Future<PayingChannel> forOffer(Offer offer) {
    ChannelKey key = ChannelKey.of(offer);
    Future<PayingChannel> awaited = pending.get(key);
    if (awaited != null) {
      return awaited;
    }
    PayingChannel channel = channels.get(key);
    if (channel != null && channel.isUsable()) {
      return Future.succeededFuture(channel);
    }
    PayerRefusal reason = channel == null ? null : channel.stopped();
    if (reason instanceof PayerRefusal.Disputed || reason instanceof PayerRefusal.Unserved) {
      return Stages.refused(reason);
    }
    retire(key, channel);
    Future<PayingChannel> found = settled(channel).compose(looked -> findOrOpen(key, offer));
    pending.put(key, found);
    return found.onComplete(done -> pending.remove(key));
  }

  private void retire(ChannelKey key, @Nullable PayingChannel channel) {
    if (channel != null) {
      channel.stop(channel.live().starvation());
      channels.remove(key);
      former.add(channel);
    }
  }

  /** Of a channel that the chain shows closed the rest has come back, and the budget with it. */
  private Future<Void> settled(@Nullable PayingChannel channel) {
    if (channel == null) {
      return Future.succeededFuture();
    }
    return Future.fromCompletionStage(channel.wallet().read(channel.id()), till.context())
        .<Void>map(
            seen -> {
              if (seen instanceof Result.Ok<Channel> ok && ok.value().finalized()) {
                channel.closed();
              }
              return null;
            })
        .otherwiseEmpty();
  }

  private Future<PayingChannel> findOrOpen(ChannelKey key, Offer offer) {
    return Stages.value(
            till.context(),
            wallets.on(key.escrow()),
            refusal -> new PayerRefusal.EscrowUnusable(key.escrow(), Words.of(refusal)))
        .compose(
            wallet -> find(key, offer, wallet).compose(found -> use(key, found, offer, wallet)));
  }

  private Future<PayingChannel> use(
      ChannelKey key, @Nullable Funded found, Offer offer, Wallet wallet) {
    return found == null ? open(key, offer, wallet) : resume(key, found);
  }

  private Future<@Nullable Funded> find(ChannelKey key, Offer offer, Wallet wallet) {
    return till.context()
        .executeBlocking(() -> leaseBest(key, offer, wallet), true)
        .compose(found -> found == null ? Future.succeededFuture() : verified(found));
  }

  /** Of the channels on disk that fit and nobody else holds, the open one with the most left. */
  private @Nullable Funded leaseBest(ChannelKey key, Offer offer, Wallet wallet) {
    ChannelStore.Contents contents = till.store().contents();
    contents.unreadable().forEach(file -> LOG.warn("{} is unreadable and left alone", file));
    List<ChannelAccount> fitting = new ArrayList<>();
    for (ChannelAccount account : contents.accounts()) {
      if (fits(key, account, wallet)) {
        fitting.add(account);
      }
    }
    fitting.sort(
        Comparator.comparing((ChannelAccount account) -> account.state() != State.OPEN)
            .thenComparing(ChannelBook::rest, Comparator.reverseOrder()));
    for (ChannelAccount account : fitting) {
      Funded leased = lease(account, offer, wallet);
      if (leased != null) {
        return leased;
      }
    }
    return null;
  }

  private boolean fits(ChannelKey key, ChannelAccount account, Wallet wallet) {
    return account.isUsable()
        && account.isIntroducible()
        && key.fits(account)
        && account.payer().equals(wallet.address())
        && account.gateway().equals(till.link().origin().toString());
  }

  private static Amount rest(ChannelAccount account) {
    return account.deposit().minusOrZero(account.signed());
  }

  private @Nullable Funded lease(ChannelAccount listed, Offer offer, Wallet wallet) {
    ChannelStore.Lease lease = till.store().lease(listed.id());
    if (lease == null) {
      LOG.info("channel {} is in use by another process and left to it", listed.id());
      return null;
    }
    ChannelAccount current = till.store().find(listed.id());
    if (current == null || !current.isUsable()) {
      lease.close();
      return null;
    }
    return new Funded(current, wallet, lease, offer);
  }

  /** What the chain says now counts; a chain that cannot be asked does not stop a known channel. */
  private Future<@Nullable Funded> verified(Funded found) {
    ChannelAccount account = found.account();
    return Future.fromCompletionStage(found.wallet().read(account.id()), till.context())
        .compose(
            result ->
                result instanceof Result.Ok<Channel> ok
                    ? checked(found, ok.value())
                    : unknown(found, ((Result.Refused<Channel>) result).refusal()));
  }

  /** What the gateway was given to open a channel with is given again, until it has expired. */
  private Future<@Nullable Funded> unknown(Funded found, Refusal refusal) {
    ChannelAccount account = found.account();
    boolean missing = refusal instanceof Refusal.ChannelNotFound;
    if (missing && Payload.hasExpired(account.openPayload(), Instant.now())) {
      return letGo(found, State.CLOSED);
    }
    if (missing && account.openHash() != null && isStale(account)) {
      found.lease().close(); // never mined, it seems: it stays on disk, and another is opened
      return Future.succeededFuture();
    }
    return Future.succeededFuture(found);
  }

  private static boolean isStale(ChannelAccount account) {
    return Instant.now().isAfter(account.openedAt().plus(MINED_WITHIN));
  }

  private Future<@Nullable Funded> letGo(Funded found, State state) {
    return till.context()
        .executeBlocking(
            () -> {
              till.store().save(found.account().in(state));
              found.lease().close();
              return null;
            },
            true);
  }

  private Future<@Nullable Funded> checked(Funded found, Channel seen) {
    if (seen.finalized() || seen.isCloseRequested()) {
      return letGo(found, seen.finalized() ? State.CLOSED : State.CLOSING);
    }
    Amount deposit = seen.deposit().max(found.account().signed());
    ChannelAccount account = found.account().deposited(deposit);
    return Future.succeededFuture(
        new Funded(account, found.wallet(), found.lease(), found.offer()));
  }

  private Future<PayingChannel> resume(ChannelKey key, Funded found) {
    till.budget().join(found.account(), Amount.ZERO);
    PayingChannel channel = channel(found);
    LOG.info(
        "using channel {}: {} of {} base units signed",
        channel.id(),
        found.account().signed(),
        found.account().deposit());
    return found.account().state() == State.OPEN
        ? Future.succeededFuture(inUse(key, channel))
        : introduce(key, channel);
  }

  private Future<PayingChannel> open(ChannelKey key, Offer offer, Wallet wallet) {
    if (!limit.take(key, PayingChannel.nowMillis())) {
      return Stages.refused(
          new PayerRefusal.GatewayRefused(
              410, "it has had " + limit.recent() + " channels within an hour, and gets no more"));
    }
    Amount left = till.budget().left(key.token());
    Amount least = offer.terms().tariff().cost(1);
    if (least.exceeds(left)) {
      return Stages.refused(new PayerRefusal.BudgetTooSmall(least, left));
    }
    return till.deposits()
        .open(offer, wallet, till.policy().depositFor(offer.terms(), left))
        .compose(funded -> introduce(key, channel(funded)));
  }

  private PayingChannel channel(Funded funded) {
    LiveChannel live =
        new LiveChannel(funded.account(), funded.offer().terms(), till.policy(), till.budget());
    return new PayingChannel(funded, till, live);
  }

  private Future<PayingChannel> introduce(ChannelKey key, PayingChannel channel) {
    PaidStream first = channel.begin(channel.offer());
    return till.deposits()
        .introduce(channel)
        .onSuccess(done -> channel.introduced())
        .onFailure(failure -> channel.leave())
        .onComplete(done -> channel.abandon(first, false))
        .map(done -> inUse(key, channel));
  }

  private PayingChannel inUse(ChannelKey key, PayingChannel channel) {
    channels.put(key, channel);
    return channel;
  }

  /** Ends every channel's use. */
  Future<Void> finish() {
    List<Future<Void>> all = new ArrayList<>();
    for (PayingChannel channel : all()) {
      all.add(channel.finish());
    }
    return Future.join(all).<Void>mapEmpty().otherwiseEmpty();
  }
}
