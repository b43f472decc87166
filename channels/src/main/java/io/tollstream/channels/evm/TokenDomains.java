package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The EIP-712 domains of EIP-3009 tokens. Each is computed here from the token's name and version,
 * for this chain and this contract, so that no node can have us sign for another; where the token
 * tells its separator too, the two must agree.
 */
final class TokenDomains {
  private static final int MAX_REMEMBERED = 256;
  private static final String USUAL_VERSION = "1";

  private final Node node;
  private final long chainId;
  private final Map<Address, byte[]> separators =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Address, byte[]> eldest) {
          return size() > MAX_REMEMBERED;
        }
      };

  TokenDomains(Node node, long chainId) {
    this.node = node;
    this.chainId = chainId;
  }

  private record NameAndVersion(String name, String version) {}

  /**
   * The domain separator of an EIP-3009 token; empty where the contract is none, or tells another
   * domain than it should have.
   */
  Optional<byte[]> separator(Address token) throws RpcFailure {
    synchronized (separators) {
      byte[] known = separators.get(token);
      if (known != null) {
        return Optional.of(known);
      }
    }
    Optional<byte[]> read = read(token);
    synchronized (separators) {
      read.ifPresent(separator -> separators.put(token, separator));
    }
    return read;
  }

  private Optional<byte[]> read(Address token) throws RpcFailure {
    Optional<NameAndVersion> domain = domain(token);
    if (domain.isEmpty() || !takesAuthorizations(token)) {
      return Optional.empty();
    }
    byte[] computed = Eip712.domain(domain.get().name(), domain.get().version(), chainId, token);
    Optional<byte[]> told =
        node.readIfThere(TokenCalls.domainSeparator(token), words -> words.word(0));
    boolean agree = told.isEmpty() || Arrays.equals(computed, told.get());
    return agree ? Optional.of(computed) : Optional.empty();
  }

  /** Every EIP-3009 token tells which of its authorizations are used. */
  private boolean takesAuthorizations(Address token) throws RpcFailure {
    Call state = TokenCalls.authorizationState(token, token, new byte[32]);
    return node.readIfThere(state, words -> words.bool(0)).isPresent();
  }

  /** By EIP-5267, else by the two functions of Circle's tokens. */
  private Optional<NameAndVersion> domain(Address token) throws RpcFailure {
    Optional<NameAndVersion> standard =
        node.readIfThere(
            TokenCalls.eip712Domain(token),
            words -> new NameAndVersion(words.string(1), words.string(2)));
    if (standard.isPresent()) {
      return standard;
    }
    Optional<String> name = node.readIfThere(TokenCalls.name(token), words -> words.string(0));
    Optional<String> version =
        node.readIfThere(TokenCalls.version(token), words -> words.string(0));
    return name.map(text -> new NameAndVersion(text, version.orElse(USUAL_VERSION)));
  }
}
