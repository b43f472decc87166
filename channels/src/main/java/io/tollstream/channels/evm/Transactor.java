package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Hex;
import io.tollstream.channels.Signature;
import io.tollstream.channels.Signer;
import java.math.BigInteger;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.web3j.crypto.RawTransaction;
import org.web3j.crypto.Sign;
import org.web3j.crypto.TransactionEncoder;

/**
 * Sends one account's transactions, one after the other. Each is simulated before it is signed, so
 * that what is bound to revert costs no gas, and its gas is what the node estimates.
 */
final class Transactor {
  /** State may change between estimate and inclusion; what is not used is not paid for. */
  private static final int GAS_HEADROOM_PERCENT = 10;

  private static final int ATTEMPTS = 2;
  private static final BigInteger HUNDRED = BigInteger.valueOf(100);

  private final Node node;
  private final Signer signer;
  private final long chainId;
  private @Nullable BigInteger nextNonce;

  Transactor(Node node, Signer signer, long chainId) {
    this.node = node;
    this.signer = signer;
    this.chainId = chainId;
  }

  Address sender() {
    return signer.address();
  }

  /**
   * Simulates, signs and sends.
   *
   * @return the transaction's hash; that it was taken is sure only once it has a receipt
   * @throws RpcFailure if the call would revert, or the transaction was surely not taken
   */
  synchronized String send(Call call) throws RpcFailure {
    node.simulate(sender(), call);
    for (int attempt = 1; ; attempt++) {
      try {
        return sendOnce(call);
      } catch (RpcFailure failure) {
        nextNonce = null;
        if (attempt == ATTEMPTS || !isNonceTaken(failure)) {
          throw failure;
        }
      }
    }
  }

  /** Reads the nonce from the chain again: a transaction of ours is not getting mined. */
  synchronized void forgetNonce() {
    nextNonce = null;
  }

  private String sendOnce(Call call) throws RpcFailure {
    BigInteger gas = headroom(node.estimateGas(sender(), call));
    BigInteger nonce = nonce();
    byte[] signed = sign(price(call, nonce, gas));
    try {
      node.send(Hex.encode(signed));
    } catch (RpcFailure failure) {
      if (failure.isAnswer() && !failure.says("already known")) {
        throw failure;
      }
      // Nobody answered, so somebody may have taken it: the receipt will tell.
      nextNonce = null;
      return Hex.encode(Keccak.hash(signed));
    }
    nextNonce = nonce.add(BigInteger.ONE);
    return Hex.encode(Keccak.hash(signed));
  }

  private BigInteger nonce() throws RpcFailure {
    BigInteger pending = node.nextNonce(sender());
    BigInteger tracked = nextNonce;
    return tracked == null ? pending : tracked.max(pending);
  }

  private RawTransaction price(Call call, BigInteger nonce, BigInteger gas) throws RpcFailure {
    Address address = call.to();
    String to = address == null ? "" : address.hex();
    BigInteger baseFee = node.latest().baseFee();
    if (baseFee == null) {
      return RawTransaction.createTransaction(
          nonce, node.gasPrice(), gas, to, call.value(), call.data());
    }
    BigInteger tip = tip(baseFee);
    BigInteger most = baseFee.shiftLeft(1).add(tip);
    return RawTransaction.createTransaction(
        chainId, nonce, gas, to, call.value(), call.data(), tip, most);
  }

  /** Not every node proposes a tip; its gas price less the base fee is one. */
  private BigInteger tip(BigInteger baseFee) throws RpcFailure {
    try {
      return node.priorityFee();
    } catch (RpcFailure failure) {
      return node.gasPrice().subtract(baseFee).max(BigInteger.ZERO);
    }
  }

  private byte[] sign(RawTransaction transaction) {
    boolean legacy = transaction.getType().isLegacy();
    byte[] unsigned =
        legacy
            ? TransactionEncoder.encode(transaction, chainId)
            : TransactionEncoder.encode(transaction);
    Signature signature = signer.sign(Keccak.hash(unsigned));
    Sign.SignatureData data = split(signature.bytes());
    return TransactionEncoder.encode(
        transaction, legacy ? TransactionEncoder.createEip155SignatureData(data, chainId) : data);
  }

  private static Sign.SignatureData split(byte[] signature) {
    return new Sign.SignatureData(
        signature[64], Arrays.copyOf(signature, 32), Arrays.copyOfRange(signature, 32, 64));
  }

  private static BigInteger headroom(BigInteger gas) {
    return gas.add(gas.multiply(BigInteger.valueOf(GAS_HEADROOM_PERCENT)).divide(HUNDRED));
  }

  private static boolean isNonceTaken(RpcFailure failure) {
    return !failure.isRevert()
        && (failure.says("nonce") || failure.says("replacement") || failure.says("underpriced"));
  }
}
