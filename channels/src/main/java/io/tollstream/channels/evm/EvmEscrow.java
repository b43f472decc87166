package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;

/**
 * An escrow on a network, and how far its reader trusts new blocks.
 *
 * @param domainName the EIP-712 domain name that it was deployed with
 */
public record EvmEscrow(
    EvmNetwork network, Address contract, String domainName, Finality finality) {
  /** The domain name of draft-evm-session-00. */
  public static final String DEFAULT_DOMAIN_NAME = "EVM Payment Channel";

  public Escrow escrow() {
    return new Escrow(network.chainId(), contract);
  }
}
