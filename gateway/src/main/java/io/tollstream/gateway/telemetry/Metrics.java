package io.tollstream.gateway.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Every metric of the gateway, named once. Labels are routes and reasons: bounded by the config.
 */
public final class Metrics {
  private static final String ROUTE = "route";
  private static final String REASON = "reason";

  private final MeterRegistry registry;
  private final AtomicInteger streams = new AtomicInteger();
  private final AtomicInteger held = new AtomicInteger();

  public Metrics(MeterRegistry registry) {
    this.registry = registry;
    Gauge.builder("tollstream.streams.open", streams, AtomicInteger::get)
        .description("Metered response bodies under way")
        .register(registry);
    Gauge.builder("tollstream.streams.held", held, AtomicInteger::get)
        .description("Metered response bodies waiting for a voucher")
        .register(registry);
  }

  /** The meters of one route, looked up once. */
  public RouteMetrics route(String name) {
    return new RouteMetrics(this, name);
  }

  void streamStarted() {
    streams.incrementAndGet();
  }

  void streamEnded() {
    streams.decrementAndGet();
  }

  void heldStarted() {
    held.incrementAndGet();
  }

  void heldEnded() {
    held.decrementAndGet();
  }

  Counter routeCounter(String name, String description, @Nullable String unit, String route) {
    return Counter.builder(name)
        .description(description)
        .baseUnit(unit)
        .tag(ROUTE, route)
        .register(registry);
  }

  Counter reasonCounter(String name, String description, String route, String reason) {
    return Counter.builder(name)
        .description(description)
        .tag(ROUTE, route)
        .tag(REASON, reason)
        .register(registry);
  }
}
