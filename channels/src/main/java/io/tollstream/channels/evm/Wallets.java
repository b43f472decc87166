package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.Abi.bytes;
import static io.tollstream.channels.evm.Abi.bytes32;

import io.tollstream.channels.Address;
import io.tollstream.channels.Hex;
import io.tollstream.channels.Signature;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Asks contract wallets whether a signature is theirs (ERC-1271). That an address has no code is
 * remembered for a while: else every voucher with a wrong signature would cost a question.
 */
final class Wallets {
  private static final String MAGIC = "1626ba7e";
  private static final int MAX_REMEMBERED = 4096;
  private static final long REMEMBERED_NANOS = Duration.ofMinutes(1).toNanos();

  private final Node node;
  private final Map<Address, Long> codelessSince =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Address, Long> eldest) {
          return size() > MAX_REMEMBERED;
        }
      };

  Wallets(Node node) {
    this.node = node;
  }

  boolean isValidSignature(Address wallet, byte[] digest, Signature signature) throws RpcFailure {
    if (!hasCode(wallet)) {
      return false;
    }
    Call call =
        Call.of(
            wallet, Abi.function("isValidSignature", bytes32(digest), bytes(signature.bytes())));
    return node.readIfThere(call, Wallets::isMagic).orElse(false);
  }

  boolean hasCode(Address wallet) throws RpcFailure {
    if (isKnownCodeless(wallet)) {
      return false;
    }
    boolean hasCode = node.hasCode(wallet);
    if (!hasCode) {
      synchronized (codelessSince) {
        codelessSince.put(wallet, System.nanoTime());
      }
    }
    return hasCode;
  }

  private boolean isKnownCodeless(Address wallet) {
    synchronized (codelessSince) {
      Long since = codelessSince.get(wallet);
      if (since == null) {
        return false;
      }
      if (System.nanoTime() - since < REMEMBERED_NANOS) {
        return true;
      }
      codelessSince.remove(wallet);
      return false;
    }
  }

  /** The function's own selector, left-aligned in the word. */
  private static boolean isMagic(Returned returned) {
    return Hex.encode(returned.word(0)).equals("0x" + MAGIC + "0".repeat(64 - MAGIC.length()));
  }
}
