package io.tollstream.channels;

import io.tollstream.metering.Amount;
import io.tollstream.metering.Tariff;

/**
 * What one stream has on a tab. All that it was ever granted is on the tab's bill already; when the
 * stream ends, what it did not use comes off again. A stream whose node has died never says what it
 * used: then the reservation alone goes, and what may have been delivered stays charged.
 *
 * @param granted quanta granted to the stream since it began
 * @param used of these, the quanta it had used when it asked last; it may have used more since
 */
public record Reservation(StreamId stream, Tariff tariff, long granted, long used) {

  /**
   * What a stream asks for, in totals since it began: asked twice, it gets the same once.
   *
   * @param granted what the stream knows it was granted; above zero, its reservation must be there
   * @param wanted what it wants to have been granted in all
   * @param used what it has used
   * @param credit base units by which the tab may owe more than is authorized
   */
  public record Ask(
      StreamId stream, Tariff tariff, long granted, long wanted, long used, Amount credit) {
    /**
     * An ask in order.
     *
     * @throws IllegalArgumentException unless 0 <= used <= granted <= wanted
     */
    public Ask {
      if (used < 0 || used > granted || granted > wanted) {
        throw new IllegalArgumentException(
            "a stream that used %d of %d cannot want %d".formatted(used, granted, wanted));
      }
    }
  }

  /**
   * A reservation in order.
   *
   * @throws IllegalArgumentException unless 0 <= used <= granted
   */
  public Reservation {
    if (used < 0 || used > granted) {
      throw new IllegalArgumentException(stream + " used " + used + " of " + granted);
    }
  }

  /** What may still come off the bill. */
  long unused() {
    return granted - used;
  }

  /** With more granted, and what is known to be used by now. */
  Reservation raised(long more, long usedByNow) {
    return new Reservation(
        stream, tariff, Math.addExact(granted, more), Math.max(used, Math.min(usedByNow, granted)));
  }
}
