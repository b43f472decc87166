package io.tollstream.channels.evm;

import java.math.BigInteger;
import org.web3j.protocol.core.methods.response.TransactionReceipt;
import org.web3j.utils.Numeric;

/** Reads receipts (draft-evm-session-00, "Transaction Outcome Checks"). */
final class Receipts {
  private Receipts() {}

  /**
   * Whether the transaction took effect. A receipt without a status, from before Byzantium, says
   * nothing of that.
   *
   * @throws RpcFailure if there is no status
   */
  static boolean succeeded(TransactionReceipt receipt) throws RpcFailure {
    String status = receipt.getStatus();
    if (status == null) {
      throw RpcFailure.unreachable("a receipt came without a status");
    }
    return Numeric.decodeQuantity(status).equals(BigInteger.ONE);
  }

  /** Whether the receipt says that it did not take effect. */
  static boolean hasFailed(TransactionReceipt receipt) {
    String status = receipt.getStatus();
    return status != null && Numeric.decodeQuantity(status).signum() == 0;
  }

  static long block(TransactionReceipt receipt) {
    return receipt.getBlockNumber().longValueExact();
  }
}
