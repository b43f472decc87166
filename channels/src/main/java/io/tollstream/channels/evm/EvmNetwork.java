package io.tollstream.channels.evm;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import okhttp3.OkHttpClient;
import org.web3j.protocol.Web3j;
import org.web3j.protocol.core.methods.response.EthChainId;

/**
 * How a chain is reached. It prints no URL: providers put their keys there.
 *
 * @param rpcUrls JSON-RPC over HTTP, the preferred first; the next is asked when one fails
 * @param chainId the EIP-155 id that every one of them must answer for
 * @param requestTimeout the most that one request takes, from connecting to the last byte
 * @param pollInterval the first pause between looks at a transaction; later ones grow
 * @param transactionTimeout how long a transaction is waited for, mining and finality together
 * @param gas what transactions of ours may cost
 */
public record EvmNetwork(
    List<URI> rpcUrls,
    long chainId,
    Duration requestTimeout,
    Duration pollInterval,
    Duration transactionTimeout,
    GasPolicy gas) {
  /** The most endpoints that one network has. */
  public static final int MAX_ENDPOINTS = 8;

  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration POLL_INTERVAL = Duration.ofMillis(200);
  private static final Duration TRANSACTION_TIMEOUT = Duration.ofMinutes(2);

  /**
   * A network.
   *
   * @throws IllegalArgumentException if there are no URLs, too many, or one is not HTTP; if the
   *     chain id or a duration is not above zero
   */
  public EvmNetwork {
    rpcUrls = List.copyOf(rpcUrls);
    if (rpcUrls.isEmpty() || rpcUrls.size() > MAX_ENDPOINTS) {
      throw new IllegalArgumentException("expected 1 to " + MAX_ENDPOINTS + " RPC URLs");
    }
    for (URI url : rpcUrls) {
      requireHttp(url);
    }
    if (chainId <= 0) {
      throw new IllegalArgumentException("chainId must be above zero");
    }
    requirePositive(requestTimeout, "requestTimeout");
    requirePositive(pollInterval, "pollInterval");
    requirePositive(transactionTimeout, "transactionTimeout");
  }

  /** A network with the default policy for gas. */
  public EvmNetwork(
      List<URI> rpcUrls,
      long chainId,
      Duration requestTimeout,
      Duration pollInterval,
      Duration transactionTimeout) {
    this(rpcUrls, chainId, requestTimeout, pollInterval, transactionTimeout, GasPolicy.DEFAULT);
  }

  /** A network with the default times. */
  public static EvmNetwork of(List<URI> rpcUrls, long chainId) {
    return new EvmNetwork(rpcUrls, chainId, REQUEST_TIMEOUT, POLL_INTERVAL, TRANSACTION_TIMEOUT);
  }

  /**
   * Asks an endpoint for its chain's id, for callers that were not told which chain to expect.
   *
   * @throws IOException if it gives none
   */
  public static long askChainId(URI rpcUrl) throws IOException {
    requireHttp(rpcUrl);
    OkHttpClient client = new OkHttpClient.Builder().callTimeout(REQUEST_TIMEOUT).build();
    EthChainId answer = Web3j.build(new RpcEndpoint(client, rpcUrl)).ethChainId().send();
    if (answer.hasError()) {
      throw new IOException(
          "the RPC endpoint gives no chain id: " + answer.getError().getMessage());
    }
    return answer.getChainId().longValueExact();
  }

  private static void requireHttp(URI url) {
    boolean http = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
    if (!http || url.getHost() == null) {
      throw new IllegalArgumentException("an RPC URL must be http:// or https:// and a host");
    }
  }

  private static void requirePositive(Duration duration, String name) {
    if (duration.isNegative() || duration.isZero()) {
      throw new IllegalArgumentException(name + " must be above zero");
    }
  }

  @Override
  public String toString() {
    return "EvmNetwork[chainId=" + chainId + ", endpoints=" + rpcUrls.size() + "]";
  }
}
