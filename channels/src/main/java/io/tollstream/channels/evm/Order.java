package io.tollstream.channels.evm;

import io.tollstream.channels.evm.Reverts.Attempt;

/**
 * A call that is to become a transaction.
 *
 * @param purpose what it is for: whoever wants the same joins it; empty where nobody can
 * @param attempt what its refusal is worded with
 * @param wary whether others can foil it: then it must succeed after all that waits, too
 * @param paysCoin whether it can send native coin to a stranger, who can burn gas with it
 * @param urgent whether money is lost where it comes late: it may cost more than the ceiling
 */
record Order(
    Call call, String purpose, Attempt attempt, boolean wary, boolean paysCoin, boolean urgent) {
  static final String CLOSE = "close ";
  static final String DEPOSIT = "deposit ";

  /** What is shared out in quarters. */
  private static final int WHOLE = 4;

  static Order of(Call call, String purpose, Attempt attempt) {
    return new Order(call, purpose, attempt, false, false, false);
  }

  Order withPurpose(String other) {
    return new Order(call, other, attempt, wary, paysCoin, urgent);
  }

  Order beingWary() {
    return new Order(call, purpose, attempt, true, paysCoin, urgent);
  }

  Order payingCoin(boolean pays) {
    return new Order(call, purpose, attempt, wary, pays, urgent);
  }

  Order urgentIf(boolean hurries) {
    return new Order(call, purpose, attempt, wary, paysCoin, hurries);
  }

  /**
   * How many of an account's places may be taken for this to get one: a close finds room where all
   * else waits, and what payers ask for takes no more than half.
   */
  int share(int places) {
    int quarters = purpose.startsWith(CLOSE) ? WHOLE : purpose.startsWith(DEPOSIT) ? 2 : 3;
    return places * quarters / WHOLE;
  }
}
