package io.tollstream.gateway.payment;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Reservation.Ask;
import io.tollstream.channels.Result;
import io.tollstream.channels.StreamId;
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
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
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
  private Consumer<Refusal> onEnd = why -> {};
  private @Nullable StreamId stream; // from the first reservation on
  private long granted; // quanta that the stream has been told of
  private @Nullable Future<Void> settled;

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
   * @param onEnd no credit will ever come: cut the stream and settle, at once
   */
  public void listen(Runnable onCredit, Consumer<Refusal> onEnd) {
    this.onCredit = onCredit;
    this.onEnd = onEnd;
  }

  /**
   * Reserves up to this many quanta more, durably. The ledger is asked in totals: what it granted
   * without our hearing of it comes with the next answer, or is settled in the end.
   *
   * @param used what the stream has used so far, of all it was granted
   * @return what was granted now, possibly nothing; a refusal where no credit will ever come;
   *     failed where the ledger is in trouble
   */
  public Future<Result<Grant>> reserve(long quanta, long used) {
    StreamId asking;
    try {
      asking = stream == null ? tabs.newStream() : stream;
    } catch (LedgerUnavailable e) {
      return Future.failedFuture(e);
    }
    stream = asking;
    Ask ask = new Ask(asking, tariff(), granted, granted + quanta, used, offer.credit());
    return onContext(tabs.reserve(channelId(), ask).timeout(LEDGER_SECONDS, TimeUnit.SECONDS))
        .map(result -> result.then(grant -> Result.ok(heard(grant, quanta))));
  }

  /** The answer in the stream's own terms: what is new to it, and no more than it asked for. */
  private Grant heard(Grant total, long quanta) {
    tab = total.tab();
    long more = Math.min(quanta, total.granted() - granted);
    granted += more;
    return new Grant(more, total.headroom(), total.tab());
  }

  /** Ends the stream by what it has used; what else it was granted comes off the tab. */
  public Future<Void> settle(long used) {
    Future<Void> known = settled;
    if (known != null) {
      return known;
    }
    StreamId ended = stream;
    Future<Void> settling =
        ended == null
            ? Future.succeededFuture()
            : onContext(tabs.settle(channelId(), ended, used))
                .onSuccess(next -> tab = next)
                .mapEmpty();
    settled = settling;
    return settling;
  }

  /** Asks the payer for a voucher that covers this many quanta more. */
  public void demand(long quanta) {
    Tab now = newest();
    Amount deposit = now.channel().deposit();
    Amount wanted = now.bill().totalWith(tariff(), quanta);
    boolean depositLeft = deposit.exceeds(now.authorized());
    Amount required = depositLeft ? wanted.min(deposit) : wanted;
    if (required.exceeds(now.authorized())) {
      tabs.demand(now, required);
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

  /** The stream has ended by what it used: it is settled, then the last receipt goes out. */
  public Future<Void> close(long used) {
    return settle(used)
        .onComplete(
            done -> {
              tabs.leave(this);
              Receipt receipt = receipts.of(newest(), used, null);
              tabs.withLive(channelId(), live -> live.tell(new Frame.Receipted(receipt)));
            });
  }

  void wake() {
    context.runOnContext(now -> onCredit.run());
  }

  /** Ends the stream; completes, in any case, when it is settled. */
  Future<Void> end(Refusal why) {
    Promise<Void> ended = Promise.promise();
    context.runOnContext(
        now -> {
          onEnd.accept(why);
          Future<Void> settling = settled;
          if (settling == null) {
            ended.complete();
          } else {
            settling.onComplete(done -> ended.complete());
          }
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
