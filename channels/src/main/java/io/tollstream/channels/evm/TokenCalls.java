package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.Abi.address;
import static io.tollstream.channels.evm.Abi.bytes32;
import static io.tollstream.channels.evm.Abi.uint256;

import io.tollstream.channels.Address;
import io.tollstream.metering.Amount;

/** The calls of a token (ERC-20, EIP-3009) that a gateway or a payer makes. */
final class TokenCalls {
  private TokenCalls() {}

  static Call balanceOf(Address token, Address holder) {
    return Call.of(token, Abi.function("balanceOf", address(holder)));
  }

  static Call allowance(Address token, Address owner, Address spender) {
    return Call.of(token, Abi.function("allowance", address(owner), address(spender)));
  }

  static Call approve(Address token, Address spender, Amount amount) {
    return Call.of(token, Abi.function("approve", address(spender), uint256(amount.baseUnits())));
  }

  /** Of the test token only, which anybody may mint. */
  static Call mint(Address token, Address to, Amount amount) {
    return Call.of(token, Abi.function("mint", address(to), uint256(amount.baseUnits())));
  }

  static Call symbol(Address token) {
    return Call.of(token, Abi.function("symbol"));
  }

  static Call decimals(Address token) {
    return Call.of(token, Abi.function("decimals"));
  }

  static Call name(Address token) {
    return Call.of(token, Abi.function("name"));
  }

  static Call version(Address token) {
    return Call.of(token, Abi.function("version"));
  }

  static Call domainSeparator(Address token) {
    return Call.of(token, Abi.function("DOMAIN_SEPARATOR"));
  }

  static Call authorizationState(Address token, Address authorizer, byte[] nonce) {
    return Call.of(token, Abi.function("authorizationState", address(authorizer), bytes32(nonce)));
  }

  static Call eip712Domain(Address token) {
    return Call.of(token, Abi.function("eip712Domain"));
  }
}
