package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Hex;
import io.tollstream.metering.Amount;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.web3j.protocol.core.methods.response.Log;
import org.web3j.protocol.core.methods.response.TransactionReceipt;

/**
 * The escrow's own events. In a receipt they, and not the transaction's target or input, say what
 * happened: the call may have come through a wallet, an EntryPoint or beside others.
 */
final class EscrowEvents {
  private static final String OPENED =
      topic("ChannelOpened(bytes32,address,address,address,address,bytes32,uint128)");
  private static final String TOPPED_UP = topic("ChannelToppedUp(bytes32,uint128,uint128)");
  private static final String SETTLED = topic("ChannelSettled(bytes32,uint128,uint128)");
  private static final String REFUSED = topic("SettlementRefused(bytes32,bytes4)");

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

  /** What the payee has of each channel that the transaction settled, all in all. */
  Map<ChannelId, Amount> settled(TransactionReceipt receipt) {
    return events(receipt, SETTLED)
        .collect(
            Collectors.toUnmodifiableMap(
                EscrowEvents::channelId,
                log -> new Returned(log.getData()).amount(0),
                Amount::max));
  }

  /** The channels that a batch left out, and the escrow's errors that say why. */
  Map<ChannelId, String> leftOut(TransactionReceipt receipt) {
    return events(receipt, REFUSED)
        .collect(
            Collectors.toUnmodifiableMap(
                EscrowEvents::channelId, EscrowEvents::reason, (first, second) -> second));
  }

  private static String reason(Log log) {
    byte[] word = new Returned(log.getData()).word(0);
    return Reverts.nameOf(HexFormat.of().formatHex(word, 0, 4));
  }

  /** The events of this escrow that name a channel. */
  Set<Sighting> sightings(List<Log> logs) {
    return logs.stream()
        .filter(this::isOurs)
        .filter(log -> log.getTopics().size() > 1 && log.getBlockHash() != null)
        .map(
            log ->
                new Sighting(
                    log.getBlockNumber().longValueExact(),
                    log.getBlockHash(),
                    log.getTransactionHash(),
                    log.getLogIndex().longValueExact(),
                    channelId(log)))
        .collect(Collectors.toUnmodifiableSet());
  }

  private boolean isOurs(Log log) {
    return log.getAddress().toLowerCase(Locale.ROOT).equals(contract.hex());
  }

  private Stream<Log> events(TransactionReceipt receipt, String topic) {
    return receipt.getLogs().stream()
        .filter(this::isOurs)
        .filter(log -> log.getTopics().size() > 1 && log.getTopics().get(0).equals(topic));
  }

  private static ChannelId channelId(Log log) {
    return new Returned(log.getTopics().get(1)).channelId(0);
  }
}
