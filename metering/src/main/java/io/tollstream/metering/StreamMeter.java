package io.tollstream.metering;

import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Decides, for one metered body, how many bytes may go out now and what to do about credit.
 *
 * <p>A deterministic state machine: events and times come in through methods, wishes leave through
 * {@link #next()}; it does no I/O, reads no clock and is not thread-safe (one event loop owns it).
 * After every event the owner drains {@link #next()} and carries the wishes out in order. It
 * answers every {@link MeterAction.Reserve} with {@link #granted} or {@link #refused}, also when
 * the stream has ended meanwhile, and then offers the bytes that wait to {@link #take} again.
 *
 * <pre>
 *   start ──Reserve──▶ granted ──▶ take … take ──Reserve (the next chunk, early)──▶ granted …
 *                         │ less than asked: the tab is out of credit
 *                         ▼
 *                      take what there is ──▶ Hold + Demand ──credited──▶ Reserve ──▶ Resume
 *                                                  └──────tick, too late──▶ Cut
 * </pre>
 *
 * <p>A byte counts as used when {@link #take} hands it over, not when the client acknowledges it:
 * what may have left must never be given back, or a client that resets its connection often would
 * be served for nothing. The next chunk is reserved while the present one is written, so at most
 * two chunks are reserved and unused at any time.
 *
 * <p>A stream holds when bytes that it cannot pay for wait, or are sure to come. A body of unknown
 * length that has used its credit up to the last byte does not hold yet: it may end right there,
 * paid in full, and the end must not be cut off.
 *
 * <p>Time tariffs count the milliseconds between one hand-over and the next, holds left out, a gap
 * counting as at most {@link #MAX_GAP_MILLIS}: a paused player and a held stream cost next to
 * nothing. The first hand-over costs one millisecond. Times come from a clock that does not go
 * back; where one does, a gap counts as nothing and a hold starts anew.
 */
public final class StreamMeter {
  /** The most that the time between two hand-overs can cost on a time tariff. */
  public static final long MAX_GAP_MILLIS = 1_000;

  /** The length of a body that no header tells. */
  public static final long UNKNOWN_LENGTH = Long.MAX_VALUE;

  private final Tariff tariff;
  private final MeterPolicy policy;
  private final Queue<MeterAction> wishes = new ArrayDeque<>(4);

  private long unreserved; // quanta of the body that no reservation covers yet
  private long chunk; // quanta of the next reservation
  private long asked; // quanta of the reservation under way, 0 when none is
  private long granted; // quanta reserved for this stream, all in all
  private long used; // quanta of bytes handed over; never above granted
  private long lacking; // quanta that the bytes refused last need to go out, 0 when none wait
  private long flowedAtMillis; // last hand-over, for time tariffs
  private long heldSinceMillis;
  private boolean started;
  private boolean flowed; // a byte was handed over
  private boolean starved; // the last reservation got less than it asked, and none is under way
  private boolean failed; // the last reservation was refused, not short of credit
  private boolean creditedMeanwhile; // credit came while a reservation was under way
  private boolean holding;
  private boolean ended;

  public StreamMeter(Tariff tariff, MeterPolicy policy) {
    this.tariff = tariff;
    this.policy = policy;
    this.chunk = policy.firstChunkQuanta();
  }

  /**
   * The body is about to flow; to be called once. An empty one reserves nothing.
   *
   * @param bodyBytes its length, or {@link #UNKNOWN_LENGTH}; a body longer than announced is
   *     metered all the same
   */
  public void start(long bodyBytes, long nowMillis) {
    requireNotNegative(bodyBytes);
    if (started) {
      throw new IllegalStateException("started already");
    }
    started = true;
    if (ended) {
      return; // the client left before the origin answered
    }
    unreserved = isTimed() && bodyBytes > 0 ? UNKNOWN_LENGTH : bodyBytes;
    flowedAtMillis = nowMillis;
    reserveAhead();
  }

  /**
   * Charges as many of the ready bytes as credit covers; the caller hands exactly these over.
   *
   * @return from 0 to {@code readyBytes}; where it is less, the rest must wait for the next grant
   */
  public long take(long readyBytes, long nowMillis) {
    requireNotNegative(readyBytes);
    if (ended || holding || readyBytes == 0) {
      return 0;
    }
    if (!started) {
      throw new IllegalStateException("not started");
    }
    long taken = isTimed() ? takeTimed(readyBytes, nowMillis) : takeBytes(readyBytes);
    flowed |= taken > 0;
    if (taken < readyBytes && unreserved == 0) {
      unreserved = UNKNOWN_LENGTH; // the body is longer than its header said: go on metering
    }
    reserveAhead();
    holdIfDry(nowMillis);
    return taken;
  }

  private long takeBytes(long readyBytes) {
    long taken = Math.min(readyBytes, spare());
    used += taken;
    lacking = taken < readyBytes ? 1 : 0;
    return taken;
  }

  private long takeTimed(long readyBytes, long nowMillis) {
    long gap = Math.min(MAX_GAP_MILLIS, elapsed(flowedAtMillis, nowMillis));
    long cost = flowed ? gap : 1;
    lacking = Math.max(1, cost); // without credit nothing goes out, however little time has passed
    if (lacking > spare()) {
      return 0;
    }
    lacking = 0;
    used += cost;
    flowedAtMillis = nowMillis;
    return readyBytes;
  }

  /**
   * The reservation asked for is durable.
   *
   * @param quanta what the tab granted: what was asked, or less where credit is short
   * @param headroomQuanta what the tab could still grant after it
   */
  public void granted(long quanta, long headroomQuanta, long nowMillis) {
    requireNotNegative(quanta);
    requireNotNegative(headroomQuanta);
    long missing = settleReservation(quanta);
    failed = false;
    if (ended) {
      return;
    }
    granted += quanta;
    resumeIfWet(nowMillis);
    if (missing > 0) {
      starve(nowMillis);
    } else {
      chunk = policy.chunkAfter(chunk);
      demandIfLow(headroomQuanta);
    }
  }

  /**
   * The reservation asked for failed and nothing was reserved: the ledger is down, or the tab does
   * not sell at the moment. The next {@link #credited} or {@link #tick} asks again.
   */
  public void refused(long nowMillis) {
    settleReservation(0);
    if (!ended) {
      starve(nowMillis);
    }
    failed = true;
  }

  /**
   * The tab has, or may have, more credit than before: a voucher came, or another stream gave back
   * what it had reserved.
   */
  public void credited() {
    if (asked > 0) {
      creditedMeanwhile = true;
    } else if (starved && !ended) {
      askAgain();
    }
  }

  /** Time has passed: cuts a stream whose hold has lasted too long, retries what was refused. */
  public void tick(long nowMillis) {
    if (ended) {
      return;
    }
    heldSinceMillis = Math.min(heldSinceMillis, nowMillis);
    if (holding && nowMillis >= holdDeadlineMillis()) {
      wishes.add(new MeterAction.Cut());
      end();
    } else if (failed && starved) {
      askAgain();
    }
  }

  /**
   * When a stream that holds is to be cut, in the time the events speak of; {@link Long#MAX_VALUE}
   * while it does not hold.
   */
  public long holdDeadlineMillis() {
    long limit = flowed ? policy.holdMillis() : policy.startHoldMillis();
    return holding ? heldSinceMillis + limit : Long.MAX_VALUE;
  }

  /**
   * The body has ended, however: of all that was granted, {@link #usedQuanta()} is to be paid, and
   * the owner settles by that.
   */
  public void end() {
    ended = true;
    holding = false;
  }

  /** The next wish, or null when there is none until the next event. */
  public @Nullable MeterAction next() {
    return wishes.poll();
  }

  /** Quanta charged to this stream so far: body bytes, or milliseconds of flow. */
  public long usedQuanta() {
    return used;
  }

  public boolean isHolding() {
    return holding;
  }

  public boolean hasEnded() {
    return ended;
  }

  public Tariff tariff() {
    return tariff;
  }

  private boolean isTimed() {
    return tariff.unit().kind() == TariffUnit.Kind.TIME;
  }

  /** Quanta reserved and not used. */
  private long spare() {
    return granted - used;
  }

  /** Now, or when the flow needs it: a slow stream must not hoard what others could use. */
  private void askAgain() {
    starved = false;
    reserveAhead();
  }

  private void reserveAhead() {
    boolean low = spare() < Math.max(chunk, lacking);
    if (low && asked == 0 && !starved && unreserved > 0 && mayAsk()) {
      reserve();
    }
  }

  /** The second reservation waits for the first byte: a stream that never flows ties up one. */
  private boolean mayAsk() {
    return flowed || granted == 0;
  }

  /** Asks for a chunk, or for more where the bytes that wait need it (a gap can exceed a chunk). */
  private void reserve() {
    asked = Math.min(Math.max(chunk, lacking - spare()), unreserved);
    creditedMeanwhile = false;
    wishes.add(new MeterAction.Reserve(asked));
  }

  /** Closes the reservation under way and tells by how much it fell short. */
  private long settleReservation(long quanta) {
    if (asked == 0 || quanta > asked) {
      throw new IllegalStateException("granted " + quanta + " quanta of " + asked + " asked");
    }
    long missing = asked - quanta;
    asked = 0;
    if (unreserved != UNKNOWN_LENGTH) {
      unreserved -= quanta;
    }
    return missing;
  }

  private void demandIfLow(long headroomQuanta) {
    if (headroomQuanta < window() / 2 && headroomQuanta < unreserved) {
      demand();
    }
  }

  private void demand() {
    long quanta = Math.max(window(), lacking - spare());
    wishes.add(new MeterAction.Demand(Math.min(quanta, unreserved)));
  }

  private long window() {
    return chunk * policy.windowChunks();
  }

  private void starve(long nowMillis) {
    if (creditedMeanwhile) {
      askAgain();
      return;
    }
    starved = true;
    if (!failed) {
      demand(); // once per row of refusals: it is not for want of credit that they go on
    }
    holdIfDry(nowMillis);
  }

  private void holdIfDry(long nowMillis) {
    boolean dry = spare() < Math.max(1, lacking);
    boolean moreWaits = lacking > 0 || !flowed || unreserved != UNKNOWN_LENGTH;
    if (starved && dry && moreWaits && !holding) {
      holding = true;
      heldSinceMillis = nowMillis;
      wishes.add(new MeterAction.Hold());
    }
  }

  private void resumeIfWet(long nowMillis) {
    if (holding && spare() >= Math.max(1, lacking)) {
      holding = false;
      flowedAtMillis += elapsed(heldSinceMillis, nowMillis);
      wishes.add(new MeterAction.Resume());
    }
  }

  /** Milliseconds from one time to another; 0 where the clock went back, or further than counts. */
  private static long elapsed(long fromMillis, long toMillis) {
    return Math.max(0, toMillis - fromMillis);
  }

  private static void requireNotNegative(long quanta) {
    if (quanta < 0) {
      throw new IllegalArgumentException("quantity below zero: " + quanta);
    }
  }
}
