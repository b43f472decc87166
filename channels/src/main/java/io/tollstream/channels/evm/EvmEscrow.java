package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;
import org.jspecify.annotations.Nullable;

/**
 * An escrow on a network, and how far its reader trusts new blocks.
 *
 * @param domainName the EIP-712 domain name that it was deployed with
 * @param early which deposits count before they are final; null for none
 * @param follow how its events are followed
 */
public record EvmEscrow(
    EvmNetwork network,
    Address contract,
    String domainName,
    Finality finality,
    @Nullable EarlyFinality early,
    FollowPolicy follow) {
  /** The domain name of draft-evm-session-00. */
  public static final String DEFAULT_DOMAIN_NAME = "EVM Payment Channel";

  /** An escrow whose deposits count once they are final, all of them. */
  public EvmEscrow(EvmNetwork network, Address contract, String domainName, Finality finality) {
    this(network, contract, domainName, finality, null);
  }

  /** An escrow that is followed as by default. */
  public EvmEscrow(
      EvmNetwork network,
      Address contract,
      String domainName,
      Finality finality,
      @Nullable EarlyFinality early) {
    this(network, contract, domainName, finality, early, FollowPolicy.DEFAULT);
  }

  /** The same escrow, followed otherwise. */
  public EvmEscrow followed(FollowPolicy policy) {
    return new EvmEscrow(network, contract, domainName, finality, early, policy);
  }

  public Escrow escrow() {
    return new Escrow(network.chainId(), contract);
  }
}
