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
  final LongAdder brokenOff = new LongAdder(); // streams, by their payers
  final LongAdder streamsSurviving = new LongAdder(); // an outage of the ledger, to come whole
  final LongAdder refusals = new LongAdder(); // that are excused

  private final AtomicInteger outages = new AtomicInteger();
  private volatile boolean outage;
  private final Queue<Throwable> wrong = new ConcurrentLinkedQueue<>();

  @Override
  public String toString() {
    return String.format(
        "%,d bytes in %d whole streams, %d vouchers and %d closes acknowledged; %d streams broken"
            + " off; killed: %d streams, %d vouchers, %d opens, %d closes; %d knocks unanswered;"
            + " %d streams survived the ledger, %d refusals",
        bytes.sum(),
        streams.sum(),
        vouchers.sum(),
        closes.sum(),
        brokenOff.sum(),
        streamsKilled.sum(),
        vouchersKilled.sum(),
        opensKilled.sum(),
        closesKilled.sum(),
        knocks.sum(),
        streamsSurviving.sum(),
        refusals.sum());
  }

  void wrong(Throwable what) {
    wrong.add(what);
  }

  /** What is under way this very moment. */
  String underWay() {
    return streamsUnderWay + " streams and " + vouchersUnderWay + " vouchers";
  }

  /** Whether gateways have died over all that is there to die over. */
  boolean haveGatewaysDied() {
    return haveAll(bytes, streams, vouchers, closes, brokenOff)
        && haveAll(streamsKilled, vouchersKilled, closesKilled, knocks);
  }

  /** Whether the ledger has died over all that is there to die over. */
  boolean hasLedgerDied() {
    return haveAll(bytes, streams, vouchers, closes, brokenOff)
        && haveAll(refusals, streamsSurviving);
  }

  private static boolean haveAll(LongAdder... counts) {
    return Stream.of(counts).allMatch(count -> count.sum() > 0);
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

  /** The ledger is about to go: whatever gateways refuse or break from now on, they may. */
  void outageBegins() {
    outages.incrementAndGet();
    outage = true;
  }

  void outageEnds() {
    outage = false;
  }

  boolean isOutage() {
    return outage;
  }

  int outages() {
    return outages.get();
  }

  /** A connection broke; nothing but the death of the gateway's life excuses that. */
  void broke(GatewayProcess gateway, int life, Throwable how) {
    if (gateway.isUp(life) && !outage) {
      wrong(new AssertionError(gateway + " broke a connection while it was up: " + how, how));
    }
  }

  /** An answer that only a gateway without a ledger, or going up or down itself, may give. */
  void refused(GatewayProcess gateway, int life, String what) {
    if (gateway.isUp(life) && !outage) {
      wrong(new AssertionError(gateway + ": " + what));
    } else {
      refusals.increment();
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
