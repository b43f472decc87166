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
 * Makes one account's transactions. Each is simulated before it is signed, so that what is bound to
 * revert costs no gas, and its gas is what the node estimates.
 */
final class SignedTransactions {
  /** State may change between estimate and inclusion; what is not used is not paid for. */
  private static final int GAS_HEADROOM_PERCENT = 10;

  /**
   * For a call that pays a stranger: the escrow keeps an eighth of the gas to put the coin aside
   * where he burns all he gets, which he may do only once it is mined. Relative, as chains price
   * the same work by orders of magnitude apart.
   */
  private static final int STRANGER_HEADROOM_PERCENT = 900;

  private static final BigInteger HUNDRED = BigInteger.valueOf(100);

  private final Node node;
  private final Signer signer;
  private final long chainId;
  private final GasPolicy policy;

  SignedTransactions(Node node, Signer signer, EvmNetwork network) {
    this.node = node;
    this.signer = signer;
    this.chainId = network.chainId();
    this.policy = network.gas();
  }

  /** A transaction as it is broadcast, both {@code 0x} and hexadecimal digits. */
  record Signed(String raw, String hash) {}

  /**
   * What a unit of gas may cost, in base units.
   *
   * @param least what the chain asks of everybody at the moment
   * @param most what is offered
   * @param tip of it for the miner; null where the chain knows no tips
   */
  private record Fees(BigInteger least, BigInteger most, @Nullable BigInteger tip) {}

  /** A call that would succeed now, and what it may cost. */
  record Draft(Call call, BigInteger gas, BigInteger most, @Nullable BigInteger tip) {}

  Address sender() {
    return signer.address();
  }

  /**
   * Simulates and prices a call.
   *
   * @return null while gas costs more than the ceiling
   * @throws RpcFailure if the call would revert, or nobody can be asked
   */
  @Nullable Draft draft(Order order) throws RpcFailure {
    Call call = order.call();
    node.simulate(sender(), call);
    int headroom = order.paysCoin() ? STRANGER_HEADROOM_PERCENT : GAS_HEADROOM_PERCENT;
    BigInteger gas = percent(node.estimateGas(sender(), call), headroom);
    Fees fees = fees();
    if (policy.isAbove(fees.least(), order.urgent())) {
      return null;
    }
    BigInteger most = policy.capped(fees.most(), order.urgent());
    return new Draft(call, gas, most, capped(fees.tip(), most));
  }

  Signed sign(Draft draft, BigInteger nonce) {
    Address to = draft.call().to();
    return sign(
        nonce,
        draft.gas(),
        to == null ? "" : to.hex(),
        draft.call().value(),
        draft.call().data(),
        draft.most(),
        draft.tip());
  }

  /**
   * The same transaction, for more by the premium at least.
   *
   * @param raw as {@link Signed#raw()}
   * @param urgent as {@link Order#urgent()}
   * @return null where that is above the ceiling
   */
  @Nullable Signed raised(String raw, boolean urgent) throws RpcFailure {
    SentTransaction old = SentTransaction.decode(raw);
    BigInteger least = percent(old.most(), policy.replacementPercent());
    if (policy.isAbove(least, urgent)) {
      return null;
    }
    Fees now = fees();
    BigInteger most = policy.capped(least.max(now.most()), urgent);
    return sign(
        old.nonce(),
        old.gas(),
        old.to(),
        old.value(),
        old.data(),
        most,
        capped(raisedTip(old.tip(), now.tip()), most));
  }

  private @Nullable BigInteger raisedTip(@Nullable BigInteger old, @Nullable BigInteger now) {
    if (old == null) {
      return null;
    }
    BigInteger least = percent(old, policy.replacementPercent());
    return now == null ? least : least.max(now);
  }

  private static @Nullable BigInteger capped(@Nullable BigInteger tip, BigInteger most) {
    return tip == null ? null : tip.min(most);
  }

  private Fees fees() throws RpcFailure {
    BigInteger baseFee = node.latest().baseFee();
    if (baseFee == null) {
      BigInteger price = node.gasPrice();
      return new Fees(price, price, null);
    }
    BigInteger tip = tip(baseFee);
    return new Fees(baseFee, baseFee.shiftLeft(1).add(tip), tip);
  }

  /** Not every node proposes a tip; its gas price less the base fee is one. */
  private BigInteger tip(BigInteger baseFee) throws RpcFailure {
    try {
      return node.priorityFee();
    } catch (RpcFailure failure) {
      return node.gasPrice().subtract(baseFee).max(BigInteger.ZERO);
    }
  }

  private Signed sign(
      BigInteger nonce,
      BigInteger gas,
      String to,
      BigInteger value,
      String data,
      BigInteger most,
      @Nullable BigInteger tip) {
    RawTransaction transaction =
        tip == null
            ? RawTransaction.createTransaction(nonce, most, gas, to, value, data)
            : RawTransaction.createTransaction(chainId, nonce, gas, to, value, data, tip, most);
    byte[] signed = sign(transaction);
    return new Signed(Hex.encode(signed), Hex.encode(Keccak.hash(signed)));
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

  /** More by so many percent, rounded up: nodes compare to the unit. */
  private static BigInteger percent(BigInteger amount, int more) {
    BigInteger[] parts = amount.multiply(BigInteger.valueOf(more)).divideAndRemainder(HUNDRED);
    return amount.add(parts[0]).add(BigInteger.valueOf(parts[1].signum()));
  }
}
