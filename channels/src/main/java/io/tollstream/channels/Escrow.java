package io.tollstream.channels;

/**
 * One deployment of an escrow contract.
 *
 * @param chainId the EIP-155 chain id, above zero
 * @param contract the contract's address on it
 */
public record Escrow(long chainId, Address contract) {

  /**
   * A deployment.
   *
   * @throws IllegalArgumentException if the chain id is not above zero or the contract is zero
   */
  public Escrow {
    if (chainId <= 0) {
      throw new IllegalArgumentException("chainId must be above zero");
    }
    if (contract.isZero()) {
      throw new IllegalArgumentException("the escrow contract must not be the zero address");
    }
  }
}
