package io.tollstream.channels.evm;

import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import okhttp3.ConnectionPool;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.web3j.protocol.Web3j;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.Response;

/**
 * Asks the endpoints of a network, one after the other until one answers; the one that did is asked
 * first the next time. Blocks its caller for at most the request timeout per endpoint.
 */
final class Rpc implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Rpc.class);
  private static final int MAX_IDLE_CONNECTIONS = 8;

  private final OkHttpClient client;
  private final List<Endpoint> endpoints = new ArrayList<>();
  private volatile int preferred;

  Rpc(EvmNetwork network) {
    client =
        new OkHttpClient.Builder()
            .callTimeout(network.requestTimeout())
            .connectTimeout(network.requestTimeout())
            .readTimeout(network.requestTimeout())
            .writeTimeout(network.requestTimeout())
            .followRedirects(false)
            .connectionPool(new ConnectionPool(MAX_IDLE_CONNECTIONS, 1, TimeUnit.MINUTES))
            .build();
    int count = network.rpcUrls().size();
    for (URI url : network.rpcUrls()) {
      String name = "RPC endpoint " + (endpoints.size() + 1) + " of " + count;
      endpoints.add(new Endpoint(name, Web3j.build(new RpcEndpoint(client, url)), network));
    }
  }

  /**
   * Sends a request and makes something of its answer.
   *
   * @throws RpcFailure the most telling failure, where every endpoint fails; at once where the
   *     answer is the chain's and not the endpoint's: a revert, a null round
   */
  <R extends Response<?>, T> T ask(Function<Web3j, Request<?, R>> request, Function<R, T> extract)
      throws RpcFailure {
    RpcFailure failure = null;
    int first = preferred;
    for (int i = 0; i < endpoints.size(); i++) {
      int index = (first + i) % endpoints.size();
      try {
        T answer = endpoints.get(index).ask(request, extract);
        preferred = index;
        return answer;
      } catch (RpcFailure e) {
        if (e.isRevert() || e.isNullRound()) {
          throw e;
        }
        failure = failure == null || e.isAnswer() ? e : failure;
      }
    }
    throw failure == null ? RpcFailure.unreachable("no RPC endpoint") : failure;
  }

  @Override
  public void close() {
    client.dispatcher().executorService().shutdown();
    client.connectionPool().evictAll();
  }

  /** One endpoint, which must prove to be of the right chain before it is believed. */
  private static final class Endpoint {
    private final String name;
    private final Web3j web3j;
    private final long chainId;
    private volatile boolean trusted;

    Endpoint(String name, Web3j web3j, EvmNetwork network) {
      this.name = name;
      this.web3j = web3j;
      this.chainId = network.chainId();
    }

    <R extends Response<?>, T> T ask(Function<Web3j, Request<?, R>> request, Function<R, T> extract)
        throws RpcFailure {
      if (!trusted) {
        requireChain(send(Web3j::ethChainId, answer -> answer.getChainId().longValueExact()));
        trusted = true;
      }
      return send(request, extract);
    }

    private void requireChain(long actual) throws RpcFailure {
      if (actual != chainId) {
        throw RpcFailure.unreachable(name + " is of chain " + actual + ", not " + chainId);
      }
    }

    private <Q extends Request<?, R>, R extends Response<?>, T> T send(
        Function<Web3j, Q> request, Function<R, T> extract) throws RpcFailure {
      R answer;
      try {
        answer = request.apply(web3j).send();
      } catch (IOException e) {
        log.debug("{}: {}", name, e.toString());
        throw RpcFailure.unreachable(name + " does not answer");
      }
      requireNoError(answer);
      return make(answer, extract);
    }

    private void requireNoError(@Nullable Response<?> answer) throws RpcFailure {
      if (answer == null) {
        throw RpcFailure.unreachable(name + " answered nothing");
      }
      Response.Error error = answer.getError();
      if (error != null) {
        String message = String.valueOf(error.getMessage());
        log.debug("{}: error {}: {}", name, error.getCode(), message);
        throw RpcFailure.answered(name, error.getCode(), message, error.getData());
      }
    }

    private <R, T> T make(R answer, Function<R, T> extract) throws RpcFailure {
      try {
        return extract.apply(answer);
      } catch (RuntimeException e) {
        log.debug("{}: {}", name, e.toString());
        throw RpcFailure.unreachable(name + " answered what cannot be read");
      }
    }
  }
}
