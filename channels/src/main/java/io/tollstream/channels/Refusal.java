package io.tollstream.channels;

import io.tollstream.metering.Amount;

/**
 * Why a payment was not taken: an expected failure, as a value. Every refusal leaves the tab as it
 * was. The HTTP status and problem type of each stand in one place, in the gateway.
 */
public sealed interface Refusal {

  /** A field of the credential's payload is missing or unreadable. */
  record Malformed(String field, String expected) implements Refusal {}

  /** The signature is not canonical, or recovers to nobody. */
  record InvalidSignature() implements Refusal {}

  /** The signature is somebody else's. */
  record SignerMismatch(Address expected, Address actual) implements Refusal {}

  record AmountExceedsDeposit(Amount cumulative, Amount deposit) implements Refusal {}

  record DeltaTooSmall(Amount delta, Amount minimum) implements Refusal {}

  /** Neither the ledger nor the chain, at the finality asked for, knows the channel. */
  record ChannelNotFound(ChannelId channelId) implements Refusal {}

  /** Closed on chain, or the gateway is closing it. */
  record ChannelFinalized(ChannelId channelId) implements Refusal {}

  /** The payer has requested a forced close: no new credit. */
  record CloseRequested(ChannelId channelId) implements Refusal {}

  /** The channel pays somebody else, in another token, or on another escrow. */
  record ChannelMismatch(String field, String expected, String actual) implements Refusal {}

  /** The deposit is below what the route asks for, or the payer's balance is below the deposit. */
  record InsufficientBalance(Amount required, Amount available) implements Refusal {}

  /** The transaction was mined and changed nothing: final. */
  record TransactionReverted(String reason) implements Refusal {}

  /** The transaction is not mined, or not final enough, yet. */
  record TransactionPending(String transactionHash) implements Refusal {}

  /** The tab has met too many tariffs; the payer needs a new channel. */
  record TooManyTariffs() implements Refusal {}

  /** Too many streams of the channel are under way, over all gateways. */
  record TooManyStreams(int maximum) implements Refusal {}

  /** The stream has ended, or was given up because its node had lost touch with the ledger. */
  record StreamEnded(StreamId stream) implements Refusal {}

  /** The chain or the ledger cannot be asked at the moment; nothing was taken. */
  record Unavailable(String what) implements Refusal {}
}
