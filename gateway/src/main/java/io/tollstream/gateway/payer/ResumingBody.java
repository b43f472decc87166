package io.tollstream.gateway.payer;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.streams.ReadStream;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The body of a GET that survives broken connections and cuts: where the representation has a
 * strong validator, what is missing is asked for with Range and If-Range and spliced on, so that
 * its reader notices nothing. Tries without progress are bounded.
 */
final class ResumingBody implements ReadStream<Buffer> {
  private static final Logger LOG = LoggerFactory.getLogger(ResumingBody.class);
  private static final int MAX_TRIES = 6;
  private static final long FIRST_RETRY_MILLIS = 100;

  /** A body that its reader wants and that brings nothing for so long is broken off. */
  private static final long STALLED_MILLIS = 60_000;

  private final PayingClient client;
  private final PaidRequest request;
  private final PaidResponse first;
  private final @Nullable Span span;
  private final @Nullable String validator;
  private final long watch;
  private PaidResponse current;
  private long position;
  private long wanted; // buffers that the reader asked for
  private int tries;
  private @Nullable Exchange resuming;
  private long movedAtMillis = PayingChannel.nowMillis();
  private boolean over;
  private @Nullable Handler<Buffer> handler;
  private @Nullable Handler<Throwable> exceptionHandler;
  private @Nullable Handler<Void> endHandler;

  /** Takes a response over, its body paused. */
  ResumingBody(PayingClient client, PaidRequest request, PaidResponse first) {
    this.client = client;
    this.request = request;
    this.first = first;
    this.current = first;
    this.span = Span.of(first.status(), first.headers());
    this.validator = Validator.of(first.headers());
    this.position = span == null ? 0 : span.first();
    this.watch = vertx().owner().setPeriodic(STALLED_MILLIS / 6, timer -> failIfStalled());
    read(first);
  }

  private Context vertx() {
    return client.till().context();
  }

  private void read(PaidResponse response) {
    current = response;
    resuming = null;
    response.body().handler(this::received);
    response.body().exceptionHandler(this::broke);
    response.body().endHandler(end -> ended());
    if (wanted == Long.MAX_VALUE) {
      response.body().resume();
    } else if (wanted > 0) {
      response.body().fetch(wanted);
    }
  }

  private void received(Buffer buffer) {
    position += buffer.length();
    tries = 0;
    movedAtMillis = PayingChannel.nowMillis();
    if (wanted != Long.MAX_VALUE) {
      wanted--;
    }
    if (handler != null) {
      handler.handle(buffer);
    }
  }

  private void ended() {
    if (span != null && !span.isWholeAt(position)) {
      broke(new IOException("the body ended at " + position + ", before its end"));
    } else if (finish() && endHandler != null) {
      endHandler.handle(null);
    }
  }

  private void failIfStalled() {
    if (wanted == 0) {
      movedAtMillis = PayingChannel.nowMillis();
    } else if (PayingChannel.nowMillis() - movedAtMillis > STALLED_MILLIS) {
      movedAtMillis = PayingChannel.nowMillis();
      current.body().fail(new IOException("nothing came for " + STALLED_MILLIS / 1_000 + " s"));
    }
  }

  private void broke(Throwable cause) {
    if (over) {
      return;
    }
    if (!mayResume() || cause instanceof PaymentRefusedException) {
      fail(cause);
      return;
    }
    long delay = FIRST_RETRY_MILLIS << tries++;
    LOG.info("{} broke off at {} ({}); going on", request.uri(), position, cause.getMessage());
    vertx().owner().setTimer(delay, timer -> resumeAt());
  }

  private boolean mayResume() {
    return request.method().equals(HttpMethod.GET)
        && span != null
        && validator != null
        && tries < MAX_TRIES;
  }

  private void resumeAt() {
    if (over || span == null || validator == null) {
      return;
    }
    PaidRequest rest = request.from(position, span.last(), validator);
    Exchange exchange = client.exchange(rest);
    resuming = exchange;
    exchange.run().compose(this::continued).onSuccess(this::readOrDrop).onFailure(this::broke);
  }

  private void readOrDrop(PaidResponse response) {
    if (over) {
      response.body().cancel();
    } else {
      read(response);
    }
  }

  private Future<PaidResponse> continued(PaidResponse response) {
    Span next = Span.of(response.status(), response.headers());
    boolean same = validator != null && validator.equals(Validator.of(response.headers()));
    if (response.status() == 206
        && next != null
        && span != null
        && same
        && span.isContinuedBy(next, position)) {
      return Future.succeededFuture(response);
    }
    response.body().cancel();
    if (response.status() < 500 && response.status() != 429) {
      tries = MAX_TRIES; // another representation by now: nothing can be spliced on
    }
    return Future.failedFuture(
        new IOException("the rest cannot be had: status " + response.status()));
  }

  private void fail(Throwable cause) {
    if (finish() && exceptionHandler != null) {
      exceptionHandler.handle(cause);
    }
  }

  private boolean finish() {
    if (over) {
      return false;
    }
    over = true;
    vertx().owner().cancelTimer(watch);
    return true;
  }

  /** Its reader has gone: breaks the body off. */
  void cancel() {
    finish();
    current.body().cancel();
    if (resuming != null) {
      resuming.cancel();
    }
  }

  /** The head of the response, as it came first. */
  PaidResponse head() {
    return first;
  }

  /** Bytes of the representation up to here, counted from its beginning. */
  long position() {
    return position;
  }

  MultiMap trailers() {
    return current.trailers();
  }

  @Override
  public ResumingBody exceptionHandler(@Nullable Handler<Throwable> next) {
    exceptionHandler = next;
    return this;
  }

  @Override
  public ResumingBody handler(@Nullable Handler<Buffer> next) {
    handler = next;
    return this;
  }

  @Override
  public ResumingBody endHandler(@Nullable Handler<Void> next) {
    endHandler = next;
    return this;
  }

  @Override
  public ResumingBody pause() {
    wanted = 0;
    current.body().pause();
    return this;
  }

  @Override
  public ResumingBody resume() {
    return fetch(Long.MAX_VALUE);
  }

  @Override
  public ResumingBody fetch(long amount) {
    wanted = amount > Long.MAX_VALUE - wanted ? Long.MAX_VALUE : wanted + amount;
    current.body().fetch(amount);
    return this;
  }
}
