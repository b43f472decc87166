package io.tollstream.gateway.payment;

import io.tollstream.channels.Refusal;
import io.tollstream.gateway.wire.ProblemType;

/**
 * A refusal as HTTP tells it: the one place where refusals meet problem types.
 *
 * @param detail for people; names the field or amount and the fix, and quotes no secret
 * @param isPassing whether the same request may succeed in a moment
 */
public record Problem(ProblemType type, String detail, boolean isPassing) {

  /**
   * A problem that, where nothing else is said, passes by itself if the gateway is at its limit.
   */
  public Problem(ProblemType type, String detail) {
    this(type, detail, type.status() == 503 || type.status() == 429);
  }

  /** What a refusal is called on the wire. */
  public static Problem of(Refusal refusal) {
    if (refusal instanceof Refusal.Malformed malformed) {
      return of(
          ProblemType.MALFORMED_PAYLOAD,
          "payload." + malformed.field() + ": expected " + malformed.expected());
    }
    if (refusal instanceof Refusal.InvalidSignature) {
      return of(ProblemType.INVALID_SIGNATURE, "The voucher's signature is not valid");
    }
    if (refusal instanceof Refusal.SignerMismatch mismatch) {
      return of(
          ProblemType.SIGNER_MISMATCH,
          "The voucher must be signed by " + mismatch.expected() + ", the channel's signer");
    }
    return ofAmounts(refusal);
  }

  private static Problem ofAmounts(Refusal refusal) {
    if (refusal instanceof Refusal.AmountExceedsDeposit exceeds) {
      return of(
          ProblemType.AMOUNT_EXCEEDS_DEPOSIT,
          "The voucher of "
              + exceeds.cumulative()
              + " is above the deposit of "
              + exceeds.deposit()
              + "; top up first");
    }
    if (refusal instanceof Refusal.DeltaTooSmall delta) {
      return of(
          ProblemType.DELTA_TOO_SMALL,
          "The voucher adds " + delta.delta() + "; the least is " + delta.minimum());
    }
    if (refusal instanceof Refusal.InsufficientBalance balance) {
      return of(
          ProblemType.INSUFFICIENT_BALANCE,
          "Needed are " + balance.required() + " base units; there are " + balance.available());
    }
    return ofChannels(refusal);
  }

  private static Problem ofChannels(Refusal refusal) {
    if (refusal instanceof Refusal.ChannelNotFound) {
      return of(ProblemType.CHANNEL_NOT_FOUND, "No such channel is known here; open one");
    }
    if (refusal instanceof Refusal.ChannelFinalized) {
      return of(ProblemType.CHANNEL_FINALIZED, "The channel is closed or closing; open another");
    }
    if (refusal instanceof Refusal.CloseRequested) {
      return of(
          ProblemType.CHANNEL_FINALIZED,
          "A forced close of the channel is pending; top it up to cancel that, or open another");
    }
    if (refusal instanceof Refusal.ChannelMismatch mismatch) {
      return of(
          ProblemType.VERIFICATION_FAILED,
          "The channel's "
              + mismatch.field()
              + " is "
              + mismatch.actual()
              + "; expected is "
              + mismatch.expected());
    }
    return ofChain(refusal);
  }

  private static Problem ofChain(Refusal refusal) {
    if (refusal instanceof Refusal.TransactionReverted reverted) {
      return of(ProblemType.TRANSACTION_REVERTED, "The transaction reverted: " + reverted.reason());
    }
    if (refusal instanceof Refusal.TransactionPending) {
      return new Problem(
          ProblemType.VERIFICATION_FAILED,
          "The transaction is not final yet; send the same credential again in a moment",
          true);
    }
    if (refusal instanceof Refusal.TooManyTariffs) {
      return of(
          ProblemType.PAYMENT_INSUFFICIENT,
          "The channel has paid at too many different prices; open another");
    }
    if (refusal instanceof Refusal.TooManyStreams streams) {
      return of(
          ProblemType.TOO_MANY_STREAMS,
          "The channel has " + streams.maximum() + " streams open; end one first");
    }
    if (refusal instanceof Refusal.StreamEnded) {
      return of(ProblemType.UNAVAILABLE, "The stream was given up; send the request again");
    }
    if (refusal instanceof Refusal.Unavailable unavailable) {
      return of(ProblemType.UNAVAILABLE, unavailable.what() + " cannot be asked at the moment");
    }
    throw new AssertionError("no problem for " + refusal.getClass());
  }

  private static Problem of(ProblemType type, String detail) {
    return new Problem(type, detail);
  }
}
