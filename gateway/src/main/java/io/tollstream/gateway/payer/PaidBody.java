package io.tollstream.gateway.payer;

import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.streams.ReadStream;
import org.jspecify.annotations.Nullable;

/**
 * The body of a response, counted as it arrives and passed on unchanged, with its back-pressure. It
 * can be broken off from either side: by its reader, or because nothing more may be paid.
 */
final class PaidBody implements ReadStream<Buffer> {
  /** Who counts. */
  interface Meter {
    void received(PaidBody body, int bytes);

    /**
     * The body is over.
     *
     * @param cancelled its reader broke it off
     */
    void ended(PaidBody body, boolean cancelled);
  }

  private final HttpClientResponse response;
  private final Meter meter;
  private @Nullable Handler<Buffer> handler;
  private @Nullable Handler<Throwable> exceptionHandler;
  private @Nullable Handler<Void> endHandler;
  private @Nullable Throwable unreported;
  private boolean over;

  /** Takes a paused response over. */
  PaidBody(HttpClientResponse response, Meter meter) {
    this.response = response;
    this.meter = meter;
    response.handler(this::received);
    response.exceptionHandler(this::fail);
    response.endHandler(end -> ended());
  }

  private void received(Buffer buffer) {
    if (over) {
      return;
    }
    meter.received(this, buffer.length());
    if (!over && handler != null) {
      handler.handle(buffer);
    }
  }

  private void ended() {
    if (finish(false) && endHandler != null) {
      endHandler.handle(null);
    }
  }

  private boolean finish(boolean cancelled) {
    if (over) {
      return false;
    }
    over = true;
    meter.ended(this, cancelled);
    return true;
  }

  /** Breaks the body off and tells its reader why. */
  void fail(Throwable cause) {
    if (finish(false)) {
      response.request().reset();
      unreported = cause;
      report();
    }
  }

  /** Tells a failure once there is somebody to hear it. */
  private void report() {
    Throwable cause = unreported;
    if (cause != null && exceptionHandler != null) {
      unreported = null;
      exceptionHandler.handle(cause);
    }
  }

  /** Breaks the body off for a reader that has gone; nothing more is counted or paid. */
  void cancel() {
    if (finish(true)) {
      response.request().reset();
    }
  }

  @Override
  public PaidBody exceptionHandler(@Nullable Handler<Throwable> next) {
    exceptionHandler = next;
    report(); // it may have broken off before anybody was there to hear it
    return this;
  }

  @Override
  public PaidBody handler(@Nullable Handler<Buffer> next) {
    handler = next;
    return this;
  }

  @Override
  public PaidBody endHandler(@Nullable Handler<Void> next) {
    endHandler = next;
    return this;
  }

  @Override
  public PaidBody pause() {
    response.pause();
    return this;
  }

  @Override
  public PaidBody resume() {
    report();
    response.resume();
    return this;
  }

  @Override
  public PaidBody fetch(long amount) {
    report();
    response.fetch(amount);
    return this;
  }
}
