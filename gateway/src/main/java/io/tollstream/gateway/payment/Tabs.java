package io.tollstream.gateway.payment;

import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Reservation;
import io.tollstream.channels.Result;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Tab.Acceptance;
import io.tollstream.channels.Tab.Grant;
import io.tollstream.channels.Voucher;
import io.tollstream.gateway.wire.Frame;
import io.tollstream.metering.Amount;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tabs as this gateway works with them: every change goes through the ledger first, and only
 * what is durable is told to the streams and sockets of the channel.
 *
 * <p>Safe for use by many event loops. A ledger answers the transitions of one channel in their
 * order, so the streams of a channel see its changes in that order too.
 */
public final class Tabs {
  private static final Logger LOG = LoggerFactory.getLogger(Tabs.class);

  /** The most payment sockets that hear of one channel. */
  private static final int MAX_SOCKETS = 16;

  private static final int PAGE = 64;
  private static final long FIRST_RETRY_MILLIS = 100;
  private static final long LONGEST_RETRY_MILLIS = 5_000;

  /** Some 80 seconds: longer than a node without a word keeps its reservations. */
  private static final int QUIET_ATTEMPTS = 84;

  private final Ledger ledger;
  private final InstantSource clock;
  private final Map<ChannelId, LiveTab> live = new ConcurrentHashMap<>();
  private final AtomicLong streams = new AtomicLong();
  private volatile boolean closed;

  public Tabs(Ledger ledger, InstantSource clock) {
    this.ledger = ledger;
    this.clock = clock;
    ledger.listen(new News());
  }

  /** What other gateways do on the same ledger. */
  private final class News implements Ledger.Listener {
    @Override
    public void changed(ChannelId channelId) {
      if (isLive(channelId)) {
        look(channelId, tab -> withLive(channelId, known -> known.changed(tab)));
      }
    }

    @Override
    public void demanded(ChannelId channelId, Amount required) {
      if (isLive(channelId)) {
        look(channelId, tab -> tell(tab, required));
      }
    }

    @Override
    public void missedNews() {
      live.keySet().forEach(this::changed);
    }

    @Override
    public void expired() {
      Refusal refusal = new Refusal.Unavailable("The ledger");
      live.values().forEach(tab -> tab.streams().forEach(credit -> credit.end(refusal)));
    }

    private void look(ChannelId id, Consumer<Tab> action) {
      find(id)
          .onSuccess(tab -> tab.ifPresent(action))
          .onFailure(failure -> LOG.debug("Channel {} could not be looked at", id, failure));
    }
  }

  /** Nothing is asked of the ledger again from now on: it is about to be closed. */
  public void close() {
    closed = true;
  }

  /** A name for a stream that begins. */
  StreamId newStream() {
    return new StreamId(ledger.node(), streams.incrementAndGet());
  }

  /** Whether other gateways can be on the ledger. */
  boolean isShared() {
    return ledger.isShared();
  }

  /** Whether what must be done once, over all gateways of the ledger, is this one's to do. */
  boolean leads() {
    return ledger.leads();
  }

  /** The tab as it stands durably, if there is one. */
  public Future<Optional<Tab>> find(ChannelId id) {
    return onCaller(ledger.apply(id, tab -> Step.keep(Optional.ofNullable(tab))));
  }

  /** A page of all tabs, in the order of their ids. */
  public Future<List<Tab>> page(@Nullable ChannelId after, int limit) {
    return onCaller(ledger.tabs(after, limit));
  }

  /** Does something with all tabs, a page after the other, each once the one before is done. */
  Future<Void> eachPage(Function<List<Tab>, Future<?>> action) {
    return eachPage(null, action);
  }

  private Future<Void> eachPage(@Nullable ChannelId after, Function<List<Tab>, Future<?>> action) {
    return page(after, PAGE)
        .compose(
            page ->
                action
                    .apply(page)
                    .compose(
                        done ->
                            page.size() < PAGE
                                ? Future.succeededFuture()
                                : eachPage(page.get(PAGE - 1).id(), action)));
  }

  /** How many streams a channel has open here. */
  public int streams(ChannelId id) {
    LiveTab tab = live.get(id);
    return tab == null ? 0 : tab.streams().size();
  }

  /** Whether any stream or socket here has to do with a channel. */
  boolean isLive(ChannelId id) {
    return live.containsKey(id);
  }

  /** Takes the first voucher of a channel that the chain has confirmed; never resets a tab. */
  Future<Result<Acceptance>> open(Channel channel, Voucher voucher, Amount minDelta) {
    return changing(
        channel.id(),
        tab -> (tab == null ? Tab.of(channel) : tab).at(now(), true).accept(voucher, minDelta),
        Acceptance::tab);
  }

  Future<Result<Acceptance>> accept(Voucher voucher, Amount minDelta) {
    ChannelId id = voucher.channelId();
    return changing(id, byPayer(onTab(id, tab -> tab.accept(voucher, minDelta))), Acceptance::tab);
  }

  Future<Result<Tab>> observe(Channel channel) {
    ChannelId id = channel.id();
    return changing(id, timed(onTab(id, ok(tab -> tab.observe(channel))), false), tab -> tab);
  }

  Future<Result<Tab>> redeemed(Channel after) {
    ChannelId id = after.id();
    return changing(id, timed(onTab(id, ok(tab -> tab.redeemed(after))), false), tab -> tab);
  }

  /** As {@link #observe}, of a tab that was closed before the chain was asked. */
  Future<Result<Tab>> observeAgain(Channel channel) {
    ChannelId id = channel.id();
    return changing(id, timed(onTab(id, ok(tab -> tab.observeAgain(channel))), false), tab -> tab);
  }

  Future<Result<Tab>> beginClose(ChannelId id, @Nullable Voucher offered) {
    return changing(id, onTab(id, tab -> tab.beginClose(offered)), tab -> tab);
  }

  Future<Result<Tab>> abandonClose(ChannelId id) {
    return changing(id, onTab(id, ok(Tab::abandonClose)), tab -> tab);
  }

  Future<Result<Grant>> reserve(ChannelId id, Reservation.Ask ask) {
    return apply(
        id,
        byPayer(onTab(id, tab -> tab.reserve(ask))),
        grant -> withLive(id, tab -> tab.note(grant.tab())));
  }

  /**
   * Ends a stream by what it used. A ledger in trouble is asked again until it answers, for until
   * then the payer is charged for what the stream did not use; there are no more of these than
   * there were streams.
   */
  Future<Tab> settle(ChannelId id, StreamId stream, long used) {
    return settle(id, stream, used, 0);
  }

  private Future<Tab> settle(ChannelId id, StreamId stream, long used, int failures) {
    return changing(id, byPayer(onTab(id, ok(tab -> tab.settle(stream, used)))), tab -> tab)
        .map(result -> ((Result.Ok<Tab>) result).value())
        .recover(
            failure ->
                closed || !(failure instanceof LedgerUnavailable)
                    ? Future.failedFuture(failure)
                    : after(retryMillis(failures))
                        .compose(now -> settle(id, stream, used, failures + 1)));
  }

  private static long retryMillis(int failures) {
    return Math.min(LONGEST_RETRY_MILLIS, FIRST_RETRY_MILLIS << Math.min(failures, 10));
  }

  /**
   * The tab once no stream has a reservation on it any more, on any gateway; after a while, as it
   * stands then: what is reserved counts as spent.
   */
  Future<Tab> quiet(ChannelId id) {
    return quiet(id, 0);
  }

  private Future<Tab> quiet(ChannelId id, int looks) {
    return find(id)
        .map(tab -> tab.orElseThrow(() -> new IllegalStateException("no tab of " + id)))
        .compose(
            tab ->
                tab.reservations().isEmpty() || looks == QUIET_ATTEMPTS
                    ? Future.succeededFuture(tab)
                    : after(Math.min(1_000, 50L << looks)).compose(now -> quiet(id, looks + 1)));
  }

  private static Future<Void> after(long millis) {
    return Future.fromCompletionStage(
        CompletableFuture.runAsync(
            () -> {}, CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS)));
  }

  /**
   * Adds a stream to its channel.
   *
   * @return false where the channel has {@code maxStreams} open already
   */
  boolean join(Credit credit, int maxStreams) {
    boolean[] joined = new boolean[1];
    live.compute(
        credit.channelId(),
        (id, tab) -> {
          LiveTab joining = tab == null ? new LiveTab() : tab;
          joined[0] = joining.streams().size() < maxStreams && joining.streams().add(credit);
          return joining.isUnused() ? null : joining;
        });
    return joined[0];
  }

  void leave(Credit credit) {
    live.computeIfPresent(
        credit.channelId(),
        (id, tab) -> {
          tab.streams().remove(credit);
          return tab.isUnused() ? null : tab;
        });
  }

  /** Has a payment socket hear of a channel from now on. */
  void subscribe(ChannelId channelId, PaymentListener socket) {
    live.compute(
        channelId,
        (id, tab) -> {
          LiveTab joining = tab == null ? new LiveTab() : tab;
          if (joining.sockets().size() < MAX_SOCKETS) {
            joining.sockets().add(socket);
          }
          return joining;
        });
  }

  void unsubscribe(ChannelId channelId, PaymentListener socket) {
    live.computeIfPresent(
        channelId,
        (id, tab) -> {
          tab.sockets().remove(socket);
          return tab.isUnused() ? null : tab;
        });
  }

  /** The newest state told of a channel that is in use, or else the one given. */
  Tab newestOr(ChannelId id, Tab otherwise) {
    LiveTab tab = live.get(id);
    Tab newest = tab == null ? null : tab.newest();
    return newest == null ? otherwise : newest;
  }

  /** Ends a channel's streams on this gateway; completes when each is settled. */
  Future<Void> endStreams(ChannelId id) {
    LiveTab tab = live.get(id);
    Refusal refusal = new Refusal.ChannelFinalized(id);
    return tab == null
        ? Future.succeededFuture()
        : Future.join(tab.streams().stream().map(credit -> credit.end(refusal)).toList())
            .mapEmpty();
  }

  /** Asks the payer of a channel for a voucher, on whatever gateway its sockets are. */
  void demand(Tab tab, Amount required) {
    LiveTab known = live.get(tab.id());
    if (known == null || known.sockets().isEmpty()) {
      ledger.demand(tab.id(), required);
    } else {
      tell(tab, required);
    }
  }

  private void tell(Tab tab, Amount required) {
    if (required.exceeds(tab.authorized())) {
      Frame frame =
          new Frame.NeedVoucher(tab.id(), required, tab.authorized(), tab.channel().deposit());
      withLive(tab.id(), known -> known.tell(frame));
    }
  }

  void withLive(ChannelId id, Consumer<LiveTab> action) {
    LiveTab tab = live.get(id);
    if (tab != null) {
      action.accept(tab);
    }
  }

  /** As {@link #apply}, and the tab that came of it wakes the channel's streams. */
  private <R> Future<Result<R>> changing(
      ChannelId id, Ledger.Transition<Result<R>> transition, Function<R, Tab> tabOf) {
    return apply(id, transition, answer -> withLive(id, tab -> tab.changed(tabOf.apply(answer))));
  }

  private <R> Future<Result<R>> apply(
      ChannelId id, Ledger.Transition<Result<R>> transition, Consumer<R> tell) {
    return onCaller(
        ledger
            .apply(id, transition)
            .thenApply(
                result -> {
                  if (result instanceof Result.Ok<R> ok) {
                    tell.accept(ok.value());
                  }
                  return result;
                }));
  }

  /** The ledger's own thread commits; what follows an answer is done where it was asked for. */
  private static <T> Future<T> onCaller(CompletionStage<T> stage) {
    Context caller = Vertx.currentContext();
    Future<T> future =
        caller == null
            ? Future.fromCompletionStage(stage)
            : Future.fromCompletionStage(stage, caller);
    return future.recover(failure -> Future.failedFuture(unwrapped(failure)));
  }

  private static Throwable unwrapped(Throwable failure) {
    Throwable cause = failure.getCause();
    return failure instanceof CompletionException && cause != null ? cause : failure;
  }

  private <R> Ledger.Transition<R> byPayer(Ledger.Transition<R> transition) {
    return timed(transition, true);
  }

  private long now() {
    return clock.instant().getEpochSecond();
  }

  /** What changes a tab notes when. */
  private <R> Ledger.Transition<R> timed(Ledger.Transition<R> transition, boolean byPayer) {
    long now = now();
    return tab -> {
      Step<R> step = transition.apply(tab == null ? null : tab.at(now, byPayer));
      return step.tab() == null ? transition.apply(tab) : step;
    };
  }

  private static Function<Tab, Step<Result<Tab>>> ok(Function<Tab, Step<Tab>> transition) {
    return tab -> {
      Step<Tab> step = transition.apply(tab);
      return new Step<>(step.tab(), Result.ok(step.answer()));
    };
  }

  private static <R> Ledger.Transition<Result<R>> onTab(
      ChannelId id, Function<Tab, Step<Result<R>>> transition) {
    return tab ->
        tab == null
            ? Step.keep(Result.refused(new Refusal.ChannelNotFound(id)))
            : transition.apply(tab);
  }
}
