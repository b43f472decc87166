package io.tollstream.metering;

/** What a {@link StreamMeter} wants done, in the order it asked. */
public sealed interface MeterAction {
  /** Reserve up to this many quanta on the tab, durably, then report what was granted. */
  record Reserve(long quanta) implements MeterAction {}

  /** Ask the payer for credit that covers this many quanta beyond what the tab has charged. */
  record Demand(long quanta) implements MeterAction {}

  /** Stop reading from the origin: no credit is left. */
  record Hold() implements MeterAction {}

  /** Credit is back: read on. */
  record Resume() implements MeterAction {}

  /** The hold has outlasted its time: abort the response. */
  record Cut() implements MeterAction {}
}
