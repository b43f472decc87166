package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.metering.Amount;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads channels: what is in the payer's favour at the configured finality, what is in the payee's
 * disfavour (a forced close, a settlement) as soon as the newest block knows it. With slow finality
 * a forced close would otherwise be seen after its grace period.
 */
final class EscrowReader {
  private final Node node;
  private final EscrowCalls calls;
  private final Escrow escrow;
  private final Finality finality;
  private final @Nullable EarlyFinality early;
  private final @Nullable EarlyDeposits earlyDeposits;

  EscrowReader(Node node, EscrowCalls calls, EvmEscrow configured) {
    this.node = node;
    this.calls = calls;
    this.escrow = configured.escrow();
    this.finality = configured.finality();
    this.early = configured.early();
    this.earlyDeposits = early == null ? null : new EarlyDeposits(early);
  }

  /**
   * What counts.
   *
   * @param block up to which every deposit of the channel does
   */
  private record Counted(Optional<Channel> channel, long block) {}

  Result<Channel> read(ChannelId channelId) throws RpcFailure {
    return read(channelId, counted(channelId));
  }

  /**
   * The channel once its deposits up to a block count, all of them; null for not yet. One of which
   * nothing counts is not found.
   */
  @Nullable Result<Channel> readOnceCounted(ChannelId channelId, long block) throws RpcFailure {
    Counted counted = counted(channelId);
    if (block > counted.block()) {
      return null;
    }
    return counted.channel().isEmpty() ? notFound(channelId) : read(channelId, counted);
  }

  /**
   * What only the newest block knows has no deposit yet, but is there: a channel whose open was
   * mined anew can be closing, and its vouchers are worth what they were.
   */
  private Result<Channel> read(ChannelId channelId, Counted counted) throws RpcFailure {
    Optional<Channel> newest = newest(channelId);
    if (newest.isEmpty()) {
      return counted.channel().map(Result::ok).orElseGet(() -> notFound(channelId));
    }
    Channel now = newest.get();
    Amount deposit = counted.channel().map(Channel::deposit).orElse(Amount.ZERO);
    Channel known = counted.channel().orElse(now);
    return Result.ok(worse(withDeposit(known, deposit.max(now.settled())), now));
  }

  private static Result<Channel> notFound(ChannelId channelId) {
    return Result.refused(new Refusal.ChannelNotFound(channelId));
  }

  private Counted counted(ChannelId channelId) throws RpcFailure {
    long finalBlock = node.finalBlock(finality);
    Optional<Channel> settled = at(channelId, finalBlock);
    return early == null || earlyDeposits == null
        ? new Counted(settled, finalBlock)
        : countedEarly(channelId, settled, finalBlock, early, earlyDeposits);
  }

  private Counted countedEarly(
      ChannelId channelId,
      Optional<Channel> settled,
      long finalBlock,
      EarlyFinality rule,
      EarlyDeposits deposits)
      throws RpcFailure {
    long block = Math.max(finalBlock, rule.blockBefore(node.head()));
    Optional<Channel> soon =
        at(channelId, block).filter(channel -> channel.token().equals(rule.token()));
    Amount finalDeposit = settled.map(Channel::deposit).orElse(Amount.ZERO);
    Amount deposit = soon.map(Channel::deposit).orElse(finalDeposit);
    Amount counted =
        deposits.counted(
            new EarlyDeposits.Sight(channelId, finalDeposit, finalBlock, deposit, block));
    return counted.exceeds(finalDeposit)
        ? new Counted(
            soon.map(channel -> withDeposit(channel, counted)),
            counted.equals(deposit) ? block : finalBlock)
        : new Counted(settled, finalBlock);
  }

  Result<Channel> readNewest(ChannelId channelId) throws RpcFailure {
    return newest(channelId).map(Result::ok).orElseGet(() -> notFound(channelId));
  }

  /**
   * Reads while endpoints disagree: nothing that only some of them tell is in the payer's favour.
   *
   * @param endpoints the same questions, to each of them
   */
  Result<Channel> readInDoubt(ChannelId channelId, List<Node> endpoints) throws RpcFailure {
    Result<Channel> read = read(channelId);
    for (Node endpoint : endpoints) {
      Optional<Channel> told = own(endpoint, channelId);
      if (told.isPresent()) {
        read =
            read instanceof Result.Ok<Channel> ok
                ? Result.ok(worse(ok.value(), told.get()))
                : Result.refused(new Refusal.Unavailable("what all RPC endpoints agree on"));
      }
    }
    return read;
  }

  private Optional<Channel> own(Node endpoint, ChannelId channelId) {
    try {
      return endpoint.readOwn(calls.getChannel(channelId), words -> channel(channelId, words));
    } catch (RpcFailure silent) {
      return Optional.empty();
    }
  }

  /** Whether the newest block knows the channel. */
  boolean exists(ChannelId channelId) throws RpcFailure {
    return newest(channelId).isPresent();
  }

  private Optional<Channel> newest(ChannelId channelId) throws RpcFailure {
    return node.read(calls.getChannel(channelId), words -> channel(channelId, words));
  }

  /** The channel at a block, which ours may have changed just then. */
  Optional<Channel> at(ChannelId channelId, long block) throws RpcFailure {
    return node.read(calls.getChannel(channelId), block, words -> channel(channelId, words));
  }

  private static Channel worse(Channel settled, Channel newest) {
    Amount deposit = settled.deposit().min(newest.deposit());
    long closeRequestedAt =
        newest.isCloseRequested() ? newest.closeRequestedAt() : settled.closeRequestedAt();
    return settled.reading(
        deposit,
        settled.settled().max(newest.settled()).min(deposit),
        closeRequestedAt,
        settled.finalized() || newest.finalized());
  }

  private static Channel withDeposit(Channel channel, Amount deposit) {
    return channel.reading(
        deposit, channel.settled().min(deposit), channel.closeRequestedAt(), channel.finalized());
  }

  /** No channel has a zero payee; none was there before the escrow was. */
  private Optional<Channel> channel(ChannelId channelId, Returned words) {
    if (words.isEmpty()) {
      return Optional.empty();
    }
    Address payee = words.address(1);
    if (payee.isZero()) {
      return Optional.empty();
    }
    return Optional.of(
        new Channel(
            channelId,
            escrow,
            words.address(0),
            payee,
            words.address(2),
            words.address(3),
            words.amount(4),
            words.amount(5),
            words.seconds(6),
            words.bool(7)));
  }
}
