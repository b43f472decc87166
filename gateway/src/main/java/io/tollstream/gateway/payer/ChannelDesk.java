package io.tollstream.gateway.payer;

import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Result;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.Wallet;
import io.tollstream.gateway.payer.ChannelAccount.State;
import io.tollstream.gateway.wire.Credential;
import io.tollstream.gateway.wire.Receipt;
import io.tollstream.metering.Amount;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a payer does with channels outside a download: looks at them, has the gateway close them, or
 * takes the deposit back by force. Blocks nothing; the store is used on a worker.
 */
final class ChannelDesk {
  private static final int CONFIRM_TRIES = 6;
  private static final long CONFIRM_MILLIS = 500;

  private final Context context;
  private final ChannelStore store;
  private final Wallets wallets;
  private final GatewayLink link;

  /**
   * What became of a channel.
   *
   * @param transactionHash of what was done on chain, or null
   * @param note what a person should know, or empty
   */
  record Done(ChannelAccount account, @Nullable String transactionHash, String note) {}

  ChannelDesk(Context context, ChannelStore store, Wallets wallets, GatewayLink link) {
    this.context = context;
    this.store = store;
    this.wallets = wallets;
    this.link = link;
  }

  /**
   * Has the gateway close a channel, with a voucher for exactly what it says it charged, where that
   * is what came; the rest of the deposit comes back in the same transaction.
   */
  Future<Done> close(ChannelId id) {
    return leased(
        id, account -> wallet(account).compose(wallet -> closeUnlessDone(account, wallet)));
  }

  private Future<Done> closeUnlessDone(ChannelAccount account, Wallet wallet) {
    return isFinalized(account, wallet)
        .compose(
            done ->
                done
                    ? save(account.in(State.CLOSED))
                        .map(saved -> new Done(saved, null, "it was closed on chain already"))
                    : close(account, wallet));
  }

  /** What the chain says; where it cannot be asked, nothing is known to be closed. */
  private Future<Boolean> isFinalized(ChannelAccount account, Wallet wallet) {
    return value(wallet.read(account.id())).map(Channel::finalized).otherwise(false);
  }

  private Future<Done> close(ChannelAccount account, Wallet wallet) {
    return challenge(account)
        .compose(
            offer ->
                ask(account, wallet, offer)
                    .compose(receipt -> agree(account, receipt))
                    .compose(spent -> send(account, wallet, offer, spent)));
  }

  private Future<Offer> challenge(ChannelAccount account) {
    Offers offers = new Offers(SpendingPolicy.unlimitedBut(Amount.ZERO));
    return link.challenges(account.resource())
        .compose(
            found ->
                offers.choose(found, account.resource(), Instant.now())
                        instanceof Offers.Choice.Accepted accepted
                    ? Future.succeededFuture(accepted.offer())
                    : Stages.refused(new PayerRefusal.NoChallenge()));
  }

  /** The newest voucher once more: the receipt that comes back tells what is charged now. */
  private Future<Receipt> ask(ChannelAccount account, Wallet wallet, Offer offer) {
    return sign(account, wallet, account.signed())
        .compose(voucher -> pay(account, offer, Payload.voucher(voucher)))
        .compose(
            receipt ->
                receipt == null
                    ? Future.failedFuture("the gateway does not say what it charged")
                    : Future.succeededFuture(receipt));
  }

  private Future<@Nullable Receipt> pay(ChannelAccount account, Offer offer, JsonObject payload) {
    return link.explain(account.resource(), new Credential(offer.challenge(), null, payload))
        .compose(
            answer -> {
              if (answer instanceof Answer.Taken taken) {
                return Future.succeededFuture(taken.receipt());
              }
              Answer.Refused refused = (Answer.Refused) answer;
              return Stages.refused(
                  new PayerRefusal.GatewayRefused(refused.status(), refused.detail()));
            });
  }

  /**
   * Up to what is signed already the gateway can redeem anyhow; broken-off transfers make it a
   * little more than what came. Anything above is not signed.
   */
  private static Future<Amount> agree(ChannelAccount account, Receipt receipt) {
    return receipt.spent().exceeds(account.signed())
        ? Stages.refused(new PayerRefusal.Disputed(receipt.spent(), account.cost()))
        : Future.succeededFuture(receipt.spent());
  }

  private Future<Done> send(ChannelAccount account, Wallet wallet, Offer offer, Amount spent) {
    return sign(account, wallet, spent)
        .compose(voucher -> pay(account, offer, Payload.close(voucher)))
        .compose(receipt -> confirmed(account.claimed(spent), wallet, receipt, 1));
  }

  /** The gateway may say what it likes: a channel is closed when the chain says so. */
  private Future<Done> confirmed(
      ChannelAccount account, Wallet wallet, @Nullable Receipt receipt, int tries) {
    String hash = receipt == null ? null : receipt.transactionHash();
    return isFinalized(account, wallet)
        .compose(
            done -> {
              if (done) {
                return save(account.in(State.CLOSED))
                    .map(saved -> new Done(saved, hash, difference(saved)));
              }
              return tries < CONFIRM_TRIES
                  ? pause().compose(waited -> confirmed(account, wallet, receipt, tries + 1))
                  : save(account).compose(saved -> unconfirmed(hash));
            });
  }

  private Future<Void> pause() {
    Promise<Void> waited = Promise.promise();
    context.owner().setTimer(CONFIRM_MILLIS, timer -> waited.complete());
    return waited.future();
  }

  private static Future<Done> unconfirmed(@Nullable String hash) {
    return Future.failedFuture(
        "the gateway took the close, but the chain does not show it yet"
            + (hash == null ? "" : " (transaction " + hash + ")")
            + "; run `channels close` again in a while, or `channels request-close`");
  }

  private static String difference(ChannelAccount account) {
    Amount more = account.claimed().minusOrZero(account.cost());
    return more.isZero()
        ? ""
        : more + " base units were charged for bytes of broken-off transfers that never came";
  }

  private Future<Voucher> sign(ChannelAccount account, Wallet wallet, Amount amount) {
    return context.executeBlocking(() -> wallet.sign(account.id(), amount), true);
  }

  /** Starts the forced close, which the gateway has a grace period to answer. */
  Future<Done> requestClose(ChannelId id) {
    return leased(
        id,
        account ->
            wallet(account)
                .compose(
                    wallet ->
                        value(wallet.requestClose(id))
                            .compose(
                                hash ->
                                    save(account.in(State.CLOSING))
                                        .compose(saved -> ready(wallet, saved, hash)))));
  }

  private Future<Done> ready(Wallet wallet, ChannelAccount account, String hash) {
    return due(wallet, account.id())
        .map(due -> new Done(account, hash, "the rest can be withdrawn from " + due + " on"))
        .otherwise(failure -> new Done(account, hash, "the rest can be withdrawn after the grace"));
  }

  /** When the grace period of a forced close is over. */
  private Future<Instant> due(Wallet wallet, ChannelId id) {
    return value(wallet.read(id))
        .compose(
            channel ->
                value(wallet.gracePeriod())
                    .map(grace -> Instant.ofEpochSecond(channel.closeRequestedAt()).plus(grace)));
  }

  /** Takes back what is left after the grace period. */
  Future<Done> withdraw(ChannelId id) {
    return leased(id, account -> wallet(account).compose(wallet -> withdraw(account, wallet)));
  }

  private Future<Done> withdraw(ChannelAccount account, Wallet wallet) {
    return value(wallet.read(account.id()))
        .compose(channel -> requireRequested(channel))
        .compose(requested -> due(wallet, account.id()))
        .compose(
            due ->
                Instant.now().isBefore(due)
                    ? Future.failedFuture(
                        "the gateway may still answer the forced close; withdraw from "
                            + due
                            + " on")
                    : value(wallet.withdraw(account.id())))
        .compose(hash -> save(account.in(State.CLOSED)).map(saved -> new Done(saved, hash, "")));
  }

  private static Future<Void> requireRequested(Channel channel) {
    if (channel.finalized()) {
      return Future.failedFuture("channel " + channel.id() + " is closed: nothing is left in it");
    }
    return channel.isCloseRequested()
        ? Future.succeededFuture()
        : Future.failedFuture("no forced close is under way; run `channels request-close` first");
  }

  private <T> Future<T> value(CompletionStage<Result<T>> stage) {
    return Stages.value(context, stage, PayerRefusal.ChainRefused::new);
  }

  private Future<Wallet> wallet(ChannelAccount account) {
    return Stages.value(
        context,
        wallets.on(account.escrow()),
        refusal -> new PayerRefusal.EscrowUnusable(account.escrow(), Words.of(refusal)));
  }

  private Future<ChannelAccount> save(ChannelAccount account) {
    return context.executeBlocking(
        () -> {
          store.save(account);
          return account;
        },
        true);
  }

  /** Works on a channel that no other process uses meanwhile. */
  private Future<Done> leased(ChannelId id, Function<ChannelAccount, Future<Done>> work) {
    return context
        .executeBlocking(() -> lease(id), true)
        .compose(held -> work.apply(held.account).onComplete(done -> held.lease.close()));
  }

  private record Held(ChannelAccount account, ChannelStore.Lease lease) {}

  private Held lease(ChannelId id) {
    ChannelStore.Lease lease = store.lease(id);
    if (lease == null) {
      throw new StateException(
          "channel "
              + id
              + " is in use by another process; stop `tollstream pay` or `fetch` first");
    }
    ChannelAccount account = store.find(id);
    if (account == null) {
      lease.close();
      throw new StateException("no channel " + id + " is remembered here; see --state");
    }
    return new Held(account, lease);
  }

  /** A channel with what the chain says of it, or with why it says nothing. */
  Future<Listed> look(ChannelAccount account) {
    return wallet(account)
        .compose(wallet -> value(wallet.read(account.id())))
        .map(seen -> new Listed(account, seen, ""))
        .otherwise(failure -> new Listed(account, null, String.valueOf(failure.getMessage())));
  }

  /**
   * One line of the list.
   *
   * @param onChain what the chain says, or null where it was not asked or did not answer
   */
  record Listed(ChannelAccount account, @Nullable Channel onChain, String trouble) {
    static Listed unasked(ChannelAccount account) {
      return new Listed(account, null, "");
    }
  }
}
