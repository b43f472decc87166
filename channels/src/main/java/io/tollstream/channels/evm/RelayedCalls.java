package io.tollstream.channels.evm;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Signer;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Redemptions that anybody may send, each with the payee's leave (draft-evm-session-00,
 * "Payee-initiated functions"). Called from one of many threads at a time.
 */
final class RelayedCalls {
  /** How long a leave counts: longer than any transaction is worth waiting for. */
  private static final Duration LIFETIME = Duration.ofDays(1);

  private static final int MAX_REMEMBERED = 8_192;

  /** The escrow marks nonces in words of 256, as Permit2 does. */
  private static final int WORD_BITS = 8;

  private static final int NONCE_BITS = 256;

  private final Node node;
  private final EscrowCalls calls;
  private final PayeeAuthorizer payee;
  private final BigInteger first;
  private final Map<ChannelId, BigInteger> given =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<ChannelId, BigInteger> eldest) {
          return size() > MAX_REMEMBERED;
        }
      };

  /** Begins in a word of its own, where nobody else's calls, or those of before, can be pending. */
  RelayedCalls(Node node, EscrowCalls calls, EvmEscrow escrow, Signer payee, Random random) {
    this.node = node;
    this.calls = calls;
    this.payee = new PayeeAuthorizer(new Eip712(escrow.domainName(), escrow.escrow()), payee);
    // Counting must not run out of the highest word.
    this.first = new BigInteger(NONCE_BITS - WORD_BITS - 8, random).shiftLeft(WORD_BITS);
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
      BigInteger nonce = last == null ? first : last.add(BigInteger.ONE);
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
