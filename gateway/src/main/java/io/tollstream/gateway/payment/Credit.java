package io.tollstream.gateway.payment;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Result;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Tab.Grant;
import io.tollstream.gateway.wire.Frame;
import io.tollstream.gateway.wire.Receipt;
import io.tollstream.metering.Amount;
import io.tollstream.metering.MeterPolicy;
import io.tollstream.metering.Tariff;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One stream's line of credit on its channel's tab: what the proxy sees of payments. All of a
 * stream's calls and call-backs happen on its own context.
 */
public final class Credit {
  /** A ledger that has not answered by then counts as down. */
  private static final long LEDGER_SECONDS = 10;

  private final Tabs tabs;
  private final Offer offer;
  private final Receipts receipts;
  private final Context context;
  private volatile Tab tab; // as of the newest answer to this stream, or newer
  private Runnable onCredit = () -> {};
  private Runnable onEnd = () -> {};
  private Future<?> underWay = Future.succeededFuture();
  private Future<?> givenBack = Future.succeededFuture();

  Credit(Tabs tabs, Offer offer, Tab tab, Receipts receipts, Context context) {
    this.tabs = tabs;
    this.offer = offer;
    this.tab = tab;
    this.receipts = receipts;
    this.context = context;
  }

  public Tariff tariff() {
    return offer.tariff();
  }

  public MeterPolicy policy() {
    return offer.policy();
  }

  public ChannelId channelId() {
    return tab.id();
  }

  /**
   * Says what to do when things change; both run on this stream's context.
   *
   * @param onCredit there may be more credit than before
   * @param onEnd the channel is closing: cut the stream and give back, at once
   */
  public void listen(Runnable onCredit, Runnable onEnd) {
    this.onCredit = onCredit;
    this.onEnd = onEnd;
  }

  /**
   * Reserves up to this many quanta, durably.
   *
   * @return what was granted, possibly nothing; a refusal where no credit will ever come; failed
   *     where the ledger is in trouble, and then nothing was reserved
   */
  public Future<Result<Grant>> reserve(long quanta) {
    Future<Result<Grant>> answer = tabs.reserve(channelId(), tariff(), quanta, offer.credit());
    Future<Result<Grant>> reserved =
        onContext(answer.timeout(LEDGER_SECONDS, TimeUnit.SECONDS))
            .onSuccess(result -> grantIn(result).ifPresent(grant -> tab = grant.tab()))
            .onFailure(late -> answer.onSuccess(this::returnUnasked));
    underWay = reserved;
    return reserved;
  }

  /** A grant that came after its stream had stopped waiting for it is nobody's. */
  private void returnUnasked(Result<Grant> result) {
    grantIn(result)
        .filter(grant -> grant.granted() > 0)
        .ifPresent(grant -> tabs.giveBack(channelId(), tariff(), grant.granted()));
  }

  private static Optional<Grant> grantIn(Result<Grant> result) {
    return result instanceof Result.Ok<Grant> ok ? Optional.of(ok.value()) : Optional.empty();
  }

  /** Returns reserved quanta that were not used. */
  public Future<Void> giveBack(long quanta) {
    Future<Void> given =
        onContext(tabs.giveBack(channelId(), tariff(), quanta))
            .onSuccess(next -> tab = next)
            .mapEmpty();
    givenBack = Future.join(givenBack, given);
    return given;
  }

  /**
   * Completes, in any case, when all that this stream asked of the ledger is answered: the
   * reservation under way, and what is given back of it.
   */
  public Future<Void> settled() {
    return underWay.transform(answered -> givenBack).transform(given -> Future.succeededFuture());
  }

  /** Asks the payer for a voucher that covers this many quanta more. */
  public void demand(long quanta) {
    Tab now = newest();
    Amount deposit = now.channel().deposit();
    Amount wanted = now.bill().totalWith(tariff(), quanta);
    boolean depositLeft = deposit.exceeds(now.authorized());
    Amount required = depositLeft ? wanted.min(deposit) : wanted;
    if (required.exceeds(now.authorized())) {
      Frame frame = new Frame.NeedVoucher(channelId(), required, now.authorized(), deposit);
      tabs.withLive(channelId(), live -> live.tell(frame));
    }
  }

  /**
   * Where the channel stands, as a header or trailer tells it.
   *
   * @param units quanta this stream has used, or null while it runs
   */
  public String receipt(@Nullable Long units) {
    return receipts.of(newest(), units, null).header();
  }

  /** The stream has ended and everything unused is given back: the last receipt goes out. */
  public void close(long units) {
    tabs.leave(this);
    Receipt receipt = receipts.of(newest(), units, null);
    tabs.withLive(channelId(), live -> live.tell(new Frame.Receipted(receipt)));
  }

  void wake() {
    context.runOnContext(now -> onCredit.run());
  }

  /**
   * Ends the stream; completes when what it gave back is on its way to the ledger, a reservation
   * that was under way included: its holder hears of the answer first.
   */
  Future<Void> end() {
    Promise<Void> ended = Promise.promise();
    context.runOnContext(
        now -> {
          onEnd.run();
          settled().onComplete(answered -> ended.complete());
        });
    return ended.future();
  }

  private Tab newest() {
    return tabs.newestOr(channelId(), tab);
  }

  /**
   * The future as this stream hears of it. It completes on the stream's context and not before, so
   * that what was asked first is heard of first, by whoever asked first.
   */
  private <T> Future<T> onContext(Future<T> future) {
    Promise<T> heard = Promise.promise();
    future
        .onSuccess(value -> context.runOnContext(now -> heard.complete(value)))
        .onFailure(failure -> context.runOnContext(now -> heard.fail(failure)));
    return heard.future();
  }
}
