package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/**
 * A message to a contract.
 *
 * @param to null to create one
 * @param data {@code 0x} and hexadecimal digits
 * @param value native coin sent along, in base units
 */
record Call(@Nullable Address to, String data, BigInteger value) {
  static Call of(Address to, String data) {
    return new Call(to, data, BigInteger.ZERO);
  }

  Call withValue(BigInteger coin) {
    return new Call(to, data, coin);
  }
}
