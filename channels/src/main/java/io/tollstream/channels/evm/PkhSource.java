package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import org.jspecify.annotations.Nullable;

/** A credential's payer as a DID of the pkh method: {@code did:pkh:eip155:<chain id>:<address>}. */
final class PkhSource {
  private PkhSource() {}

  static String of(long chainId, Address payer) {
    return prefix(chainId) + payer;
  }

  /** The payer, or null where the source is missing, unreadable or of another chain. */
  static @Nullable Address parse(@Nullable String source, long chainId) {
    String prefix = prefix(chainId);
    if (source == null || !source.startsWith(prefix)) {
      return null;
    }
    try {
      return new Address(source.substring(prefix.length()));
    } catch (IllegalArgumentException notAnAddress) {
      return null;
    }
  }

  static String expected(long chainId) {
    return prefix(chainId) + "<the payer's address>";
  }

  private static String prefix(long chainId) {
    return "did:pkh:eip155:" + chainId + ":";
  }
}
