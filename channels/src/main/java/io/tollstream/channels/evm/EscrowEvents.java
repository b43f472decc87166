package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Hex;
import io.tollstream.metering.Amount;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.web3j.protocol.core.methods.response.Log;
import org.web3j.protocol.core.methods.response.TransactionReceipt;

/**
 * The escrow's own events in a receipt. They, and not the transaction's target or input, say what
 * happened: the call may have come through a wallet, an EntryPoint or beside others.
 */
final class EscrowEvents {
  private static final String OPENED =
      topic("ChannelOpened(bytes32,address,address,address,address,bytes32,uint128)");
  private static final String TOPPED_UP = topic("ChannelToppedUp(bytes32,uint128,uint128)");

  private final Address contract;

  EscrowEvents(Address contract) {
    this.contract = contract;
  }

  private static String topic(String event) {
    return Hex.encode(Keccak.hash(event));
  }

  /** The channels that the transaction opened on this escrow. */
  List<ChannelId> opened(TransactionReceipt receipt) {
    return events(receipt, OPENED).map(EscrowEvents::channelId).toList();
  }

  /** What the transaction added to a channel of this escrow, in all. */
  Amount toppedUp(TransactionReceipt receipt, ChannelId channelId) {
    return events(receipt, TOPPED_UP)
        .filter(log -> channelId(log).equals(channelId))
        .map(log -> new Returned(log.getData()).amount(0))
        .reduce(Amount.ZERO, Amount::plusOrMax);
  }

  private Stream<Log> events(TransactionReceipt receipt, String topic) {
    return receipt.getLogs().stream()
        .filter(log -> log.getAddress().toLowerCase(Locale.ROOT).equals(contract.hex()))
        .filter(log -> log.getTopics().size() > 1 && log.getTopics().get(0).equals(topic));
  }

  private static ChannelId channelId(Log log) {
    return new Returned(log.getTopics().get(1)).channelId(0);
  }
}
