package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import org.bouncycastle.util.BigIntegers;

/** Lays 32-byte words one after the other, as Solidity's {@code abi.encode} does static values. */
final class Words {
  private static final int SIZE = 32;

  private final byte[] data;
  private int end;

  Words(int count) {
    data = new byte[count * SIZE];
  }

  Words put(byte[] bytes32) {
    System.arraycopy(bytes32, 0, data, end, SIZE);
    end += SIZE;
    return this;
  }

  /** Right-aligned behind twelve zeros. */
  Words put(Address address) {
    System.arraycopy(address.bytes(), 0, data, end + 12, 20);
    end += SIZE;
    return this;
  }

  Words put(Amount amount) {
    return put(amount.baseUnits());
  }

  /**
   * A number from 0 to 2^256 - 1.
   *
   * @throws IllegalArgumentException if it is above that
   */
  Words put(BigInteger number) {
    return put(BigIntegers.asUnsignedByteArray(SIZE, number));
  }

  /** The hash of the words, all of which must have been put. */
  byte[] hash() {
    if (end != data.length) {
      throw new IllegalStateException("words missing: " + (data.length - end) / SIZE);
    }
    return Keccak.hash(data);
  }
}
