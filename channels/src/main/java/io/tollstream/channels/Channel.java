package io.tollstream.channels;

import io.tollstream.metering.Amount;

/**
 * What the chain says of a payer -> payee escrow, at the finality its reader was asked for
 * (draft-evm-session-00, "Channel State").
 *
 * @param token the ERC-20 contract, or zero for the chain's native coin
 * @param authorizedSigner who signs vouchers, or zero for the payer
 * @param deposit everything ever deposited, in base units
 * @param settled everything ever paid out to the payee, in base units; at most the deposit
 * @param closeRequestedAt Unix seconds of a pending forced close, or 0
 * @param finalized closed for good; the record stays
 */
public record Channel(
    ChannelId id,
    Escrow escrow,
    Address payer,
    Address payee,
    Address token,
    Address authorizedSigner,
    Amount deposit,
    Amount settled,
    long closeRequestedAt,
    boolean finalized) {

  /**
   * A reading of the chain.
   *
   * @throws IllegalArgumentException if more is settled than was deposited, or the time of the
   *     forced close is negative
   */
  public Channel {
    if (settled.exceeds(deposit)) {
      throw new IllegalArgumentException("settled " + settled + " of a deposit of " + deposit);
    }
    if (closeRequestedAt < 0) {
      throw new IllegalArgumentException("closeRequestedAt below zero: " + closeRequestedAt);
    }
  }

  /** Whose signature a voucher of this channel must carry. */
  public Address signer() {
    return authorizedSigner.isZero() ? payer : authorizedSigner;
  }

  /** Another reading of this channel: all that an open fixes for good stays. */
  public Channel reading(
      Amount nowDeposit, Amount nowSettled, long nowCloseRequestedAt, boolean nowFinalized) {
    return new Channel(
        id,
        escrow,
        payer,
        payee,
        token,
        authorizedSigner,
        nowDeposit,
        nowSettled,
        nowCloseRequestedAt,
        nowFinalized);
  }

  /** Whether the other reading is of this channel: all that an open fixes for good is equal. */
  boolean isSameAs(Channel other) {
    return id.equals(other.id)
        && escrow.equals(other.escrow)
        && payer.equals(other.payer)
        && payee.equals(other.payee)
        && token.equals(other.token)
        && authorizedSigner.equals(other.authorizedSigner);
  }

  public boolean isCloseRequested() {
    return closeRequestedAt != 0;
  }
}
