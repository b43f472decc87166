package io.tollstream.gateway.payer;

import io.tollstream.channels.Refusal;

/** Tells a channel's refusals to the person who pays. */
final class Words {
  private Words() {}

  static String of(Refusal refusal) {
    if (refusal instanceof Refusal.InsufficientBalance short_) {
      return "the account holds "
          + short_.available()
          + " base units of the token and "
          + short_.required()
          + " are needed; add funds or lower --deposit";
    }
    if (refusal instanceof Refusal.TransactionReverted reverted) {
      return "the transaction was mined and reverted (" + reverted.reason() + ")";
    }
    if (refusal instanceof Refusal.TransactionPending pending) {
      return "transaction " + pending.transactionHash() + " is not mined yet; try again in a while";
    }
    if (refusal instanceof Refusal.Unavailable unavailable) {
      return unavailable.what() + " cannot be reached; check --rpc";
    }
    if (refusal instanceof Refusal.ChannelNotFound missing) {
      return "the chain knows no channel " + missing.channelId();
    }
    if (refusal instanceof Refusal.ChannelFinalized closed) {
      return "channel " + closed.channelId() + " is closed";
    }
    if (refusal instanceof Refusal.ChannelMismatch mismatch) {
      return "its "
          + mismatch.field()
          + " is "
          + mismatch.actual()
          + " where "
          + mismatch.expected()
          + " is expected; an escrow of somebody else's making must be named with --allow-escrow";
    }
    return refusal.toString();
  }
}
