package io.tollstream.gateway.proxy;

import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Tab.Grant;
import io.tollstream.gateway.payment.Credit;
import io.tollstream.gateway.telemetry.RouteMetrics;
import io.tollstream.metering.MeterAction;
import io.tollstream.metering.StreamMeter;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpServerResponse;
import org.jspecify.annotations.Nullable;

/**
 * One metered body on its way from an origin to a client: the {@link StreamMeter} decides, this
 * class carries out. Everything runs on the request's context.
 *
 * <p>A body waits in the origin's socket, not here: the origin is read only while the client takes
 * and credit lasts, and of what was read at most one buffer is kept.
 */
final class MeteredStream {

  /** What a stream needs from the exchange it is part of. */
  interface Exchange {
    HttpServerResponse client();

    /** Sends the response's head; called before its first byte, once credit is there. */
    void begin();

    /** The stream has no more credit to wait for; {@code why} is null when its time ran out. */
    void cut(@Nullable Refusal why);

    /** The body is whole. */
    void finish(Future<Void> settled);
  }

  /** The gateway that took the voucher can have died before it told the others. */
  private static final int TICKS_TO_LOOK_AGAIN = 4;

  private final StreamMeter meter;
  private final Credit credit;
  private final Exchange exchange;
  private final HttpClientResponse origin;
  private final HoldClock clock;
  private final RouteMetrics metrics;

  private @Nullable Buffer rest; // read from the origin, not covered by credit yet
  private int ticks;
  private boolean begun;
  private boolean held;
  private long bodyBytes;

  MeteredStream(
      Credit credit,
      Exchange exchange,
      HttpClientResponse origin,
      HoldClock clock,
      RouteMetrics metrics) {
    this.meter = new StreamMeter(credit.tariff(), credit.policy());
    this.credit = credit;
    this.exchange = exchange;
    this.origin = origin;
    this.clock = clock;
    this.metrics = metrics;
  }

  /**
   * Starts the body.
   *
   * @param length in bytes, or {@link StreamMeter#UNKNOWN_LENGTH}
   */
  void start(long length) {
    metrics.streamStarted();
    origin.pause();
    origin.handler(this::offer);
    origin.endHandler(end -> originEnded());
    credit.listen(this::credited, this::stop);
    exchange.client().drainHandler(drained -> pump());
    meter.start(length, clock.nowMillis());
    carryOut();
    if (length == 0) {
      begin();
      origin.resume();
    }
  }

  /** The client is gone or the origin has failed: nothing more is sent or charged. */
  void abandon() {
    if (!meter.hasEnded()) {
      meter.end();
      carryOut();
      leave();
    }
  }

  /** About once a second while it is held. */
  void tick(long nowMillis) {
    meter.tick(nowMillis);
    if (++ticks % TICKS_TO_LOOK_AGAIN == 0) {
      meter.credited();
    }
    carryOut();
  }

  long usedQuanta() {
    return meter.usedQuanta();
  }

  private void credited() {
    meter.credited();
    carryOut();
  }

  private void offer(Buffer buffer) {
    if (meter.hasEnded()) {
      return;
    }
    int length = buffer.length();
    int taken = (int) meter.take(length, clock.nowMillis());
    if (taken == length) {
      write(buffer);
    } else {
      if (taken > 0) {
        write(buffer.slice(0, taken));
      }
      rest = buffer.slice(taken, length);
    }
    carryOut();
    if (rest != null || exchange.client().writeQueueFull()) {
      origin.pause();
    }
  }

  private void write(Buffer buffer) {
    begin();
    bodyBytes += buffer.length();
    exchange.client().write(buffer);
  }

  private void begin() {
    if (!begun) {
      begun = true;
      exchange.begin();
    }
  }

  /** Goes on where there is something to go on with. */
  private void pump() {
    Buffer waiting = rest;
    if (waiting != null && !meter.hasEnded()) {
      rest = null;
      offer(waiting);
    }
    if (rest == null && !meter.hasEnded() && !exchange.client().writeQueueFull()) {
      origin.resume();
    }
  }

  private void originEnded() {
    if (!meter.hasEnded()) {
      begin();
      meter.end();
      carryOut();
      exchange.finish(leave());
    }
  }

  private void carryOut() {
    boolean cut = false;
    for (MeterAction action = meter.next(); action != null; action = meter.next()) {
      if (action instanceof MeterAction.Reserve reserve) {
        credit.reserve(reserve.quanta(), meter.usedQuanta()).onComplete(this::reserved);
      } else if (action instanceof MeterAction.Demand demand) {
        credit.demand(demand.quanta());
      } else if (action instanceof MeterAction.Hold) {
        hold();
      } else if (action instanceof MeterAction.Resume) {
        release();
      } else if (action instanceof MeterAction.Cut) {
        cut = true; // once all else is done
      }
    }
    if (cut) {
      metrics.cutForPayment();
      leave();
      exchange.cut(null);
    }
  }

  private void hold() {
    held = true;
    metrics.held();
    clock.add(this);
  }

  private void release() {
    if (held) {
      held = false;
      metrics.released();
      clock.remove(this);
    }
  }

  private void reserved(AsyncResult<Result<Grant>> reserved) {
    if (reserved.failed()) {
      meter.refused(clock.nowMillis());
      carryOut();
    } else if (reserved.result() instanceof Result.Ok<Grant> ok) {
      Grant grant = ok.value();
      meter.granted(grant.granted(), grant.headroom(), clock.nowMillis());
      carryOut();
      pump();
    } else {
      stop(((Result.Refused<Grant>) reserved.result()).refusal());
    }
  }

  private void stop(Refusal why) {
    if (!meter.hasEnded()) {
      meter.end();
      carryOut();
      leave();
      metrics.cutForPayment();
      exchange.cut(why);
    }
  }

  /** Called once, when the meter has ended; completes when the stream is settled. */
  private Future<Void> leave() {
    release();
    metrics.streamEnded(bodyBytes);
    return credit.close(meter.usedQuanta());
  }
}
