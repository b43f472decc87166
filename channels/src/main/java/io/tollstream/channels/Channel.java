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
   * @throws IllegalArgumentException if more is settled than was deposited
   */
  public Channel {
    if (settled.exceeds(deposit)) {
      throw new IllegalArgumentException("settled " + settled + " of a deposit of " + deposit);
    }
  }

  /** Whose signature a voucher of this channel must carry. */
  public Address signer() {
    return authorizedSigner.isZero() ? payer : authorizedSigner;
  }

  public boolean isCloseRequested() {
    return closeRequestedAt != 0;
  }
}
