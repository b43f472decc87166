package io.tollstream.metering;

import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Decides, for one metered body, how many bytes may go out now and what to do about credit.
 *
 * <p>A deterministic state machine: events and times come in through methods, wishes leave through
 * {@link #next()}; it does no I/O, reads no clock and is not thread-safe (one event loop owns it).
 * After every event the owner drains {@link #next()} and carries the wishes out in order.
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
 * <p>Time tariffs count the milliseconds between one hand-over and the next, a gap counting as at
 * most {@link #MAX_GAP_MILLIS}: a paused player and a held stream cost next to nothing.
 */
public final class StreamMeter {
  /** The most that the time between two hand-overs can cost on a time tariff. */
  public static final long MAX_GAP_MILLIS = 1_000;

  /** The length of a body that no header tells. */
  public static final long UNKNOWN_LENGTH = Long.MAX_VALUE;

  private static final long NOT_HOLDING = Long.MIN_VALUE;

  private final Tariff tariff;
  private final MeterPolicy policy;
  private final Queue<MeterAction> wishes = new ArrayDeque<>(4);

  private long unreserved; // quanta of the body that no reservation covers yet
  private long chunk; // quanta of the next reservation
  private long asked; // quanta of the reservation under way, 0 when none is
  private long granted; // quanta reserved for this stream, all in all
  private long used; // quanta of bytes handed over; never above granted
  private long flowedAtMillis; // last hand-over, for time tariffs
  private long heldSinceMillis = NOT_HOLDING;
  private boolean started; // a byte was handed over
  private boolean starved; // the tab had less than was asked
  private boolean creditedMeanwhile; // credit came while a reservation was under way
  private boolean ended;

  public StreamMeter(Tariff tariff, MeterPolicy policy) {
    this.tariff = tariff;
    this.policy = policy;
    this.chunk = policy.firstChunkQuanta();
  }

  /**
   * The body is about to flow.
   *
   * @param bodyBytes its length, or {@link #UNKNOWN_LENGTH}; a body longer than announced is
   *     metered all the same
   */
  public void start(long bodyBytes, long nowMillis) {
    unreserved = isTimed() ? UNKNOWN_LENGTH : bodyBytes;
    flowedAtMillis = nowMillis;
    reserveAhead();
  }

  /**
   * Charges as many of the ready bytes as credit covers; the caller hands exactly these over.
   *
   * @return from 0 to {@code readyBytes}; where it is less, the rest must wait for the next grant
   */
  public long take(long readyBytes, long nowMillis) {
    if (ended) {
      return 0;
    }
    long taken = isTimed() ? takeTimed(readyBytes, nowMillis) : takeBytes(readyBytes);
    started |= taken > 0;
    if (taken < readyBytes && unreserved == 0) {
      unreserved = UNKNOWN_LENGTH; // the body is longer than its header said: go on metering
    }
    reserveAhead();
    holdIfDry(nowMillis);
    return taken;
  }

  private long takeBytes(long readyBytes) {
    long taken = Math.min(readyBytes, granted - used);
    used += taken;
    return taken;
  }

  private long takeTimed(long readyBytes, long nowMillis) {
    long gap = Math.min(MAX_GAP_MILLIS, Math.max(0, nowMillis - flowedAtMillis));
    long cost = started ? gap : 1;
    if (granted == used || cost > granted - used) {
      used = granted;
      return 0;
    }
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
    long missing = settleReservation(quanta);
    if (ended) {
      giveBack(quanta);
      return;
    }
    granted += quanta;
    if (missing == 0) {
      chunk = policy.chunkAfter(chunk);
      demandIfLow(headroomQuanta);
    }
    if (quanta > 0 && isHolding()) {
      resume(nowMillis);
    }
    if (missing > 0) {
      starve(nowMillis);
    }
  }

  /** The reservation asked for failed and nothing was reserved; credit may come back. */
  public void refused(long nowMillis) {
    settleReservation(0);
    if (!ended) {
      starve(nowMillis);
    }
  }

  /** The tab has, or may have, more credit than before. */
  public void credited() {
    if (asked > 0) {
      creditedMeanwhile = true;
    } else if (starved && !ended) {
      starved = false;
      reserve(Math.min(chunk, unreserved));
    }
  }

  /** Time has passed: cuts a stream whose hold has lasted too long. */
  public void tick(long nowMillis) {
    if (isHolding() && !ended && nowMillis >= holdDeadlineMillis()) {
      wishes.add(new MeterAction.Cut());
      end();
    }
  }

  /** When a stream that holds is to be cut, in the time the events speak of. */
  public long holdDeadlineMillis() {
    return heldSinceMillis + (started ? policy.holdMillis() : policy.startHoldMillis());
  }

  /** The body has ended, however: what was reserved and not used goes back. */
  public void end() {
    if (!ended) {
      ended = true;
      heldSinceMillis = NOT_HOLDING;
      giveBack(granted - used);
    }
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
    return heldSinceMillis != NOT_HOLDING;
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

  private void reserveAhead() {
    if (asked == 0 && !starved && unreserved > 0 && granted - used < chunk && mayAsk()) {
      reserve(Math.min(chunk, unreserved));
    }
  }

  /** The second reservation waits for the first byte: a stream that never flows ties up one. */
  private boolean mayAsk() {
    return started || granted == 0;
  }

  private void reserve(long quanta) {
    asked = quanta;
    creditedMeanwhile = false;
    wishes.add(new MeterAction.Reserve(quanta));
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
    long window = chunk * policy.windowChunks();
    if (headroomQuanta < window / 2 && headroomQuanta < unreserved) {
      demand();
    }
  }

  private void demand() {
    wishes.add(new MeterAction.Demand(Math.min(chunk * policy.windowChunks(), unreserved)));
  }

  private void starve(long nowMillis) {
    if (creditedMeanwhile) {
      reserve(Math.min(chunk, unreserved));
    } else {
      starved = true;
      demand();
      holdIfDry(nowMillis);
    }
  }

  private void holdIfDry(long nowMillis) {
    if (starved && granted == used && !isHolding()) {
      heldSinceMillis = nowMillis;
      wishes.add(new MeterAction.Hold());
    }
  }

  private void resume(long nowMillis) {
    heldSinceMillis = NOT_HOLDING;
    flowedAtMillis = nowMillis;
    wishes.add(new MeterAction.Resume());
  }

  private void giveBack(long quanta) {
    if (quanta > 0) {
      wishes.add(new MeterAction.GiveBack(quanta));
    }
  }
}
