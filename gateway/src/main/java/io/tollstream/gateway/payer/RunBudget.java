package io.tollstream.gateway.payer;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.metering.Amount;
import java.util.HashMap;
import java.util.Map;

/**
 * What one run has committed, over all its channels, of each token. A channel commits the larger of
 * what the run has authorized on it and what the run has deposited into it while it is open: the
 * deposit can come back, but not within the run.
 */
final class RunBudget {
  private record Commitment(
      Address token, Amount before, Amount signed, Amount deposited, boolean open) {
    Amount amount() {
      Amount authorized = signed.minusOrZero(before);
      return open ? authorized.max(deposited) : authorized;
    }
  }

  private final Amount limit;
  private final Map<ChannelId, Commitment> commitments = new HashMap<>();

  RunBudget(Amount limit) {
    this.limit = limit;
  }

  /**
   * A channel comes into use: what earlier runs signed on it does not count.
   *
   * @param deposited what this run has put in, zero for a channel of an earlier one
   */
  void join(ChannelAccount account, Amount deposited) {
    commitments.putIfAbsent(
        account.id(),
        new Commitment(account.token(), account.signed(), account.signed(), deposited, true));
  }

  void signed(ChannelId id, Amount cumulative) {
    commitments.computeIfPresent(
        id,
        (key, old) ->
            new Commitment(
                old.token, old.before, cumulative.max(old.signed), old.deposited, old.open));
  }

  void toppedUp(ChannelId id, Amount additional) {
    commitments.computeIfPresent(
        id,
        (key, old) ->
            new Commitment(
                old.token, old.before, old.signed, old.deposited.plusOrMax(additional), old.open));
  }

  /** Of what was charged for a channel so much was surely not deposited. */
  void released(ChannelId id, Amount amount) {
    commitments.computeIfPresent(
        id,
        (key, old) ->
            new Commitment(
                old.token, old.before, old.signed, old.deposited.minusOrZero(amount), old.open));
  }

  void closed(ChannelId id) {
    commitments.computeIfPresent(
        id, (key, old) -> new Commitment(old.token, old.before, old.signed, old.deposited, false));
  }

  /** What may still be committed of a token. */
  Amount left(Address token) {
    Amount committed = Amount.ZERO;
    for (Commitment commitment : commitments.values()) {
      if (commitment.token.equals(token)) {
        committed = committed.plusOrMax(commitment.amount());
      }
    }
    return limit.minusOrZero(committed);
  }

  /** The highest cumulative amount that the budget lets this run sign on a channel. */
  Amount ceiling(ChannelId id) {
    Commitment commitment = commitments.get(id);
    if (commitment == null) {
      return Amount.ZERO;
    }
    return commitment.before.plusOrMax(commitment.amount()).plusOrMax(left(commitment.token));
  }
}
