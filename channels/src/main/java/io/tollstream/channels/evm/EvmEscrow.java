package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;
import org.jspecify.annotations.Nullable;

/**
 * An escrow on a network, and how far its reader trusts new blocks.
 *
 * @param domainName the EIP-712 domain name that it was deployed with
 * @param early which deposits count before they are final; null for none
 */
public record EvmEscrow(
    EvmNetwork network,
    Address contract,
    String domainName,
    Finality finality,
    @Nullable EarlyFinality early) {
  /** The domain name of draft-evm-session-00. */
  public static final String DEFAULT_DOMAIN_NAME = "EVM Payment Channel";

  /** An escrow whose deposits count once they are final, all of them. */
  public EvmEscrow(EvmNetwork network, Address contract, String domainName, Finality finality) {
    this(network, contract, domainName, finality, null);
  }

  public Escrow escrow() {
    return new Escrow(network.chainId(), contract);
  }
}
