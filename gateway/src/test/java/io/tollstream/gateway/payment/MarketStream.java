package io.tollstream.gateway.payment;

import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Tab.Grant;
import io.vertx.core.Future;

/** A stream that reserves once and delivers part of it, until it ends or is ended. */
final class MarketStream {
  private final Credit credit;
  private final int percent;
  private long granted;
  private boolean over;
  private long used;

  /**
   * A stream that has reserved nothing yet.
   *
   * @param percent how much it delivers of what it is granted
   */
  MarketStream(Credit credit, int percent) {
    this.credit = credit;
    this.percent = percent;
    credit.listen(() -> {}, this::cut);
  }

  boolean reserve(long bytes) {
    Result<Grant> result = MarketGateway.await(credit.reserve(bytes, 0));
    synchronized (this) {
      granted = result instanceof Result.Ok<Grant> ok ? ok.value().granted() : 0;
      return granted > 0;
    }
  }

  private void cut(Refusal why) {
    Future<Void> ending = end();
    ending.onFailure(failure -> {});
  }

  /** Delivers its part and gives the rest back. */
  Future<Void> end() {
    return credit.close(deliver());
  }

  /** Delivers its part, and nobody is told. */
  synchronized long deliver() {
    if (!over) {
      over = true;
      used = granted * percent / 100;
    }
    return used;
  }

  synchronized boolean isOver() {
    return over;
  }

  synchronized long granted() {
    return granted;
  }
}
