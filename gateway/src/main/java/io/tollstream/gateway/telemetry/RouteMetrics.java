package io.tollstream.gateway.telemetry;

import io.micrometer.core.instrument.Counter;

/** What is counted per route. */
public final class RouteMetrics {
  private final Metrics metrics;
  private final Counter bytes;
  private final Counter holds;
  private final Counter cutUnpaid;
  private final Counter cutOrigin;

  RouteMetrics(Metrics metrics, String route) {
    this.metrics = metrics;
    bytes =
        metrics.routeCounter(
            "tollstream.metered", "Metered body bytes handed to clients", "bytes", route);
    holds =
        metrics.routeCounter("tollstream.holds", "Times a stream waited for credit", null, route);
    cutUnpaid = metrics.reasonCounter("tollstream.cuts", "Streams aborted", route, "payment");
    cutOrigin = metrics.reasonCounter("tollstream.cuts", "Streams aborted", route, "origin");
  }

  public void streamStarted() {
    metrics.streamStarted();
  }

  /** A stream has ended, after this many body bytes. */
  public void streamEnded(long bodyBytes) {
    metrics.streamEnded();
    bytes.increment((double) bodyBytes);
  }

  public void held() {
    metrics.heldStarted();
    holds.increment();
  }

  public void released() {
    metrics.heldEnded();
  }

  public void cutForPayment() {
    cutUnpaid.increment();
  }

  public void cutForOrigin() {
    cutOrigin.increment();
  }
}
