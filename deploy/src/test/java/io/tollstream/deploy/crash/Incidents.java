package io.tollstream.deploy.crash;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

/** What happened: contradictions, which end a run, and counts, which say what it has tried. */
final class Incidents {
  final LongAdder bytes = new LongAdder();
  final LongAdder streams = new LongAdder(); // that came whole
  final LongAdder vouchers = new LongAdder(); // that were acknowledged
  final LongAdder closes = new LongAdder(); // that were acknowledged
  final AtomicInteger vouchersUnderWay = new AtomicInteger();
  final AtomicInteger streamsUnderWay = new AtomicInteger();
  final LongAdder streamsKilled = new LongAdder();
  final LongAdder vouchersKilled = new LongAdder();
  final LongAdder opensKilled = new LongAdder();
  final LongAdder closesKilled = new LongAdder();
  final LongAdder knocks = new LongAdder(); // on a port that nobody listened on
  final LongAdder cut = new LongAdder(); // streams that their payer broke off

  private final Queue<Throwable> wrong = new ConcurrentLinkedQueue<>();

  @Override
  public String toString() {
    return String.format(
        "%,d bytes in %d whole streams, %d vouchers and %d closes acknowledged; %d streams broken"
            + " off; killed: %d streams, %d vouchers, %d opens, %d closes; %d knocks unanswered",
        bytes.sum(),
        streams.sum(),
        vouchers.sum(),
        closes.sum(),
        cut.sum(),
        streamsKilled.sum(),
        vouchersKilled.sum(),
        opensKilled.sum(),
        closesKilled.sum(),
        knocks.sum());
  }

  void wrong(Throwable what) {
    wrong.add(what);
  }

  /** What is under way this very moment. */
  String underWay() {
    return streamsUnderWay + " streams and " + vouchersUnderWay + " vouchers";
  }

  /** Whether a run has tried everything that it is there to try. */
  boolean haveAllHappened() {
    return Stream.of(
            bytes,
            streams,
            vouchers,
            closes,
            cut,
            knocks,
            streamsKilled,
            vouchersKilled,
            closesKilled)
        .allMatch(count -> count.sum() > 0);
  }

  /** Waits until every voucher is acknowledged, or never will be. */
  void awaitVouchers(Duration patience) throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (vouchersUnderWay.get() > 0) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(vouchersUnderWay + " vouchers got no answer in " + patience);
      }
      Thread.sleep(1);
    }
  }

  /** Returns the instant that one more voucher is acknowledged, for which nobody may sleep. */
  void spinUntilAcknowledged() {
    long before = vouchers.sum();
    while (vouchers.sum() == before && wrong.isEmpty()) {
      Thread.onSpinWait();
    }
  }

  /** A gateway died over a credential. */
  void killed(String action) {
    switch (action) {
      case "open" -> opensKilled.increment();
      case "close" -> closesKilled.increment();
      default -> vouchersKilled.increment();
    }
  }

  /** A connection broke; nothing but the death of the gateway's life excuses that. */
  void broke(GatewayProcess gateway, int life, Throwable how) {
    if (gateway.isUp(life)) {
      wrong(new AssertionError(gateway + " broke a connection while it was up: " + how, how));
    }
  }

  /** An answer that only a gateway that is coming up or going down may give. */
  void refused(GatewayProcess gateway, int life, String what) {
    if (gateway.isUp(life)) {
      wrong(new AssertionError(gateway + ": " + what));
    }
  }

  /** Nobody listened. */
  void knocked(GatewayProcess gateway, int life, Throwable how) {
    knocks.increment();
    broke(gateway, life, how);
  }

  /** Throws what went wrong, if anything did. */
  void orThrow() {
    Throwable first = wrong.peek();
    if (first != null) {
      AssertionError all =
          new AssertionError(wrong.size() + " things went wrong, first: " + first.getMessage());
      wrong.stream().limit(10).forEach(all::addSuppressed);
      throw all;
    }
  }
}
