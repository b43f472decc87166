package io.tollstream.channels.evm;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Signer;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Redemptions that anybody may send, each with the payee's leave (draft-evm-session-00,
 * "Payee-initiated functions"). Called from one of many threads at a time.
 */
final class RelayedCalls {
  /** How long a leave counts: longer than any transaction is worth waiting for. */
  private static final Duration LIFETIME = Duration.ofDays(1);

  private static final int MAX_REMEMBERED = 8_192;

  private final Node node;
  private final EscrowCalls calls;
  private final PayeeAuthorizer payee;
  private final Map<ChannelId, BigInteger> given =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<ChannelId, BigInteger> eldest) {
          return size() > MAX_REMEMBERED;
        }
      };

  RelayedCalls(Node node, EscrowCalls calls, EvmEscrow escrow, Signer payee) {
    this.node = node;
    this.calls = calls;
    this.payee = new PayeeAuthorizer(new Eip712(escrow.domainName(), escrow.escrow()), payee);
  }

  Call settle(Voucher voucher) throws RpcFailure {
    ChannelId id = voucher.channelId();
    return calls.settleWithAuthorization(
        voucher, payee.settle(id, voucher.cumulative(), nonce(id), deadline()));
  }

  Call close(ChannelId id, @Nullable Voucher voucher) throws RpcFailure {
    Amount cumulative = voucher == null ? Amount.ZERO : voucher.cumulative();
    PayeeAuthorization leave = payee.close(id, cumulative, nonce(id), deadline());
    return voucher == null
        ? calls.closeWithAuthorization(id, leave)
        : calls.closeWithAuthorization(voucher, leave);
  }

  private BigInteger deadline() throws RpcFailure {
    return BigInteger.valueOf(node.latest().timestamp() + LIFETIME.toSeconds());
  }

  /**
   * Above every nonce given for the channel here, and free on the chain. The escrow keeps 256 of
   * them in a slot, so close ones cost less gas; growing steps find a free one soon even where many
   * are used.
   */
  private BigInteger nonce(ChannelId id) throws RpcFailure {
    synchronized (given) {
      BigInteger last = given.get(id);
      BigInteger nonce = last == null ? BigInteger.ZERO : last.add(BigInteger.ONE);
      for (BigInteger step = BigInteger.ONE; isUsed(id, nonce); step = step.shiftLeft(1)) {
        nonce = nonce.add(step);
      }
      given.put(id, nonce);
      return nonce;
    }
  }

  private boolean isUsed(ChannelId id, BigInteger nonce) throws RpcFailure {
    return node.read(calls.isNonceUsed(id, nonce), words -> words.bool(0));
  }
}
