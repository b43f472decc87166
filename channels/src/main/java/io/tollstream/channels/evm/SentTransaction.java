package io.tollstream.channels.evm;

import io.tollstream.channels.Hex;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.web3j.rlp.RlpDecoder;
import org.web3j.rlp.RlpList;
import org.web3j.rlp.RlpString;
import org.web3j.rlp.RlpType;

/**
 * What a signed transaction says, of the two types that {@link SignedTransactions} makes: legacy
 * and EIP-1559. (web3j's own decoder wants a library that we leave out, for types that we never
 * send.)
 *
 * @param to {@code 0x} and digits; empty where a contract is created
 * @param most what is offered for a unit of gas
 * @param tip of it for the miner; null in a legacy transaction
 */
record SentTransaction(
    BigInteger nonce,
    BigInteger gas,
    String to,
    BigInteger value,
    String data,
    BigInteger most,
    @Nullable BigInteger tip) {
  private static final byte EIP_1559 = 2;

  /**
   * Reads a transaction as it is broadcast.
   *
   * @throws IllegalArgumentException if it is none of ours
   */
  static SentTransaction decode(String raw) {
    byte[] bytes = Hex.decode(raw, (raw.length() - 2) / 2);
    boolean legacy = bytes[0] != EIP_1559;
    byte[] list = legacy ? bytes : Arrays.copyOfRange(bytes, 1, bytes.length);
    List<RlpType> fields = ((RlpList) RlpDecoder.decode(list).getValues().get(0)).getValues();
    if (fields.size() != (legacy ? 9 : 12)) {
      throw new IllegalArgumentException("no transaction of ours");
    }
    int gas = legacy ? 2 : 4;
    return new SentTransaction(
        number(fields, legacy ? 0 : 1),
        number(fields, gas),
        text(fields, gas + 1).equals("0x") ? "" : text(fields, gas + 1),
        number(fields, gas + 2),
        text(fields, gas + 3),
        number(fields, legacy ? 1 : 3),
        legacy ? null : number(fields, 2));
  }

  private static BigInteger number(List<RlpType> fields, int index) {
    return ((RlpString) fields.get(index)).asPositiveBigInteger();
  }

  private static String text(List<RlpType> fields, int index) {
    return ((RlpString) fields.get(index)).asString();
  }
}
