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

  EscrowReader(Node node, EscrowCalls calls, Escrow escrow, Finality finality) {
    this.node = node;
    this.calls = calls;
    this.escrow = escrow;
    this.finality = finality;
  }

  long finalBlock() throws RpcFailure {
    return node.finalBlock(finality);
  }

  Result<Channel> read(ChannelId channelId) throws RpcFailure {
    return read(channelId, finalBlock());
  }

  /** Reads at a block that is final, and at the newest. */
  Result<Channel> read(ChannelId channelId, long finalBlock) throws RpcFailure {
    Optional<Channel> settled = at(channelId, finalBlock);
    if (settled.isEmpty()) {
      return Result.refused(new Refusal.ChannelNotFound(channelId));
    }
    Optional<Channel> newest = newest(channelId);
    return Result.ok(newest.isEmpty() ? settled.get() : worse(settled.get(), newest.get()));
  }

  Result<Channel> readNewest(ChannelId channelId) throws RpcFailure {
    return newest(channelId)
        .map(Result::ok)
        .orElseGet(() -> Result.refused(new Refusal.ChannelNotFound(channelId)));
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
    return new Channel(
        settled.id(),
        settled.escrow(),
        settled.payer(),
        settled.payee(),
        settled.token(),
        settled.authorizedSigner(),
        deposit,
        settled.settled().max(newest.settled()).min(deposit),
        closeRequestedAt,
        settled.finalized() || newest.finalized());
  }

  /** No channel has a zero payee. */
  private Optional<Channel> channel(ChannelId channelId, Returned words) {
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
