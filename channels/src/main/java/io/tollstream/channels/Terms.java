package io.tollstream.channels;

import io.tollstream.metering.Amount;

/**
 * What a channel must be like to pay for a route.
 *
 * @param token the ERC-20 contract, or zero for the chain's native coin
 * @param minDeposit the least unsettled deposit taken, in base units
 */
public record Terms(Escrow escrow, Address payee, Address token, Amount minDeposit) {

  /** The first way in which a channel is not one to start selling on, or the channel itself. */
  public Result<Channel> check(Channel channel) {
    return checkParties(channel).then(this::checkFunds);
  }

  /** Whether a channel pays the right account in the right token through the right escrow. */
  public Result<Channel> checkParties(Channel channel) {
    if (channel.escrow().chainId() != escrow.chainId()) {
      return mismatch("chainId", escrow.chainId(), channel.escrow().chainId());
    }
    if (!channel.escrow().contract().equals(escrow.contract())) {
      return mismatch("escrowContract", escrow.contract(), channel.escrow().contract());
    }
    if (!channel.payee().equals(payee)) {
      return mismatch("recipient", payee, channel.payee());
    }
    if (!channel.token().equals(token)) {
      return mismatch("currency", token, channel.token());
    }
    return Result.ok(channel);
  }

  private Result<Channel> checkFunds(Channel channel) {
    if (channel.finalized()) {
      return Result.refused(new Refusal.ChannelFinalized(channel.id()));
    }
    if (channel.isCloseRequested()) {
      return Result.refused(new Refusal.CloseRequested(channel.id()));
    }
    Amount unsettled = channel.deposit().minus(channel.settled());
    return minDeposit.exceeds(unsettled)
        ? Result.refused(new Refusal.InsufficientBalance(minDeposit, unsettled))
        : Result.ok(channel);
  }

  private static Result<Channel> mismatch(String field, Object expected, Object actual) {
    return Result.refused(
        new Refusal.ChannelMismatch(field, expected.toString(), actual.toString()));
  }
}
