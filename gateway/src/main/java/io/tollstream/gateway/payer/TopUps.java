package io.tollstream.gateway.payer;

import io.tollstream.channels.Channel;
import io.tollstream.channels.Result;
import io.tollstream.metering.Amount;
import io.vertx.core.Context;
import io.vertx.core.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Adds to one channel's deposit, one addition at a time. The budget is charged before anything is
 * signed and gets back only what surely did not happen; what may have happened is found out, or
 * asked for again with the same authorization, but never signed a second time.
 */
final class TopUps {
  private static final Logger LOG = LoggerFactory.getLogger(TopUps.class);
  private static final long FIRST_RETRY_MILLIS = 1_000;
  private static final long MAX_RETRY_MILLIS = 60_000;

  /** After so many failures in a row no stream waits for an addition any more. */
  private static final int MAX_FAILURES = 4;

  private final Context context;
  private final PayingChannel channel;
  private final Deposits deposits;
  private @Nullable Addition pending;
  private boolean running;
  private int failures;
  private long notBeforeMillis = Long.MIN_VALUE;

  TopUps(Context context, PayingChannel channel, Deposits deposits) {
    this.context = context;
    this.channel = channel;
    this.deposits = deposits;
  }

  /** Whether a stream that has used everything up may still hope. */
  boolean mayHelp() {
    return running
        || (failures < MAX_FAILURES && (pending != null || channel.live().topUp() != null));
  }

  /** Adds where the deposit will soon be used up, unless it has just failed. */
  void pump() {
    if (running || PayingChannel.nowMillis() < notBeforeMillis) {
      return;
    }
    Addition again = pending;
    if (again != null) {
      run(again, resume(again));
      return;
    }
    Amount additional = channel.live().topUp();
    if (additional != null) {
      begin(additional);
    }
  }

  private void begin(Amount additional) {
    LOG.info("channel {}: adding {} base units to the deposit", channel.id(), additional);
    Addition addition = new Addition(channel.live().account().deposit(), additional);
    channel.live().commits(additional);
    pending = addition;
    run(addition, deposits.topUp(channel, addition));
  }

  private Future<Amount> resume(Addition addition) {
    return Future.fromCompletionStage(channel.wallet().read(channel.id()), context)
        .compose(
            seen ->
                seen instanceof Result.Ok<Channel> ok
                    ? resume(addition, ok.value().deposit())
                    : again(addition));
  }

  private Future<Amount> resume(Addition addition, Amount deposit) {
    if (!addition.total().exceeds(deposit)) {
      return deposits.tellAdded(channel, addition, deposit);
    }
    if (addition.hasExpired(System.currentTimeMillis() / 1_000)) {
      addition.cannotHappen();
      return Future.failedFuture("the gateway has let the authorization expire");
    }
    return again(addition);
  }

  private Future<Amount> again(Addition addition) {
    return addition.payload() != null
        ? deposits.sendAuthorized(channel, addition)
        : Future.failedFuture("the chain does not show it yet");
  }

  private void run(Addition addition, Future<Amount> work) {
    running = true;
    work.onComplete(
        done -> {
          running = false;
          if (done.succeeded()) {
            succeeded(done.result());
          } else {
            failed(addition, done.cause());
          }
        });
  }

  private void succeeded(Amount total) {
    pending = null;
    failures = 0;
    notBeforeMillis = Long.MIN_VALUE;
    channel.deposited(total);
  }

  private void failed(Addition addition, Throwable cause) {
    LOG.warn("channel {}: top-up failed: {}", channel.id(), cause.getMessage());
    if (addition.isImpossible()) {
      pending = null;
      channel.live().releases(addition.additional());
    }
    long delay = Math.min(MAX_RETRY_MILLIS, FIRST_RETRY_MILLIS << Math.min(failures, 10));
    failures++;
    notBeforeMillis = PayingChannel.nowMillis() + delay;
    channel.failIfDry();
  }
}
