package io.tollstream.channels.evm;

import static java.util.Objects.requireNonNull;

import io.tollstream.channels.evm.ChainHealth.Failure;
import java.net.URI;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import okhttp3.ConnectionPool;
import okhttp3.OkHttpClient;
import org.web3j.protocol.Web3j;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.Response;

/**
 * Asks the endpoints of a network, one after the other until one answers: in the order in which
 * they are configured, but last those that failed lately. Blocks its caller, for at most the
 * request timeout per endpoint and try.
 */
final class Rpc implements Source, AutoCloseable {
  /** Nodes that do as they should are so far apart. */
  static final long MAX_LAG_BLOCKS = 2;

  /** Behind one URL there may be many replicas, of which some know the block. */
  private static final int TRIES_FOR_A_BLOCK = 3;

  private static final int MAX_IDLE_CONNECTIONS = 8;

  private final OkHttpClient client;
  private final List<Endpoint> endpoints = new ArrayList<>();
  private final Heads heads;
  private final Map<Finality.Tag, Heads> finals = new EnumMap<>(Finality.Tag.class);
  private final long pauseMillis;

  Rpc(EvmNetwork network) {
    this(network, System::nanoTime);
  }

  Rpc(EvmNetwork network, LongSupplier nanoTime) {
    client =
        new OkHttpClient.Builder()
            .callTimeout(network.requestTimeout())
            .connectTimeout(network.requestTimeout())
            .readTimeout(network.requestTimeout())
            .writeTimeout(network.requestTimeout())
            .followRedirects(false)
            .connectionPool(new ConnectionPool(MAX_IDLE_CONNECTIONS, 1, TimeUnit.MINUTES))
            .build();
    heads = new Heads(network, nanoTime);
    for (Finality.Tag tag : Finality.Tag.values()) {
      finals.put(tag, new Heads(network, nanoTime));
    }
    pauseMillis = Math.max(1, network.pollInterval().toMillis());
    int count = network.rpcUrls().size();
    for (URI url : network.rpcUrls()) {
      String name = "RPC endpoint " + (endpoints.size() + 1) + " of " + count;
      Web3j web3j = Web3j.build(new RpcEndpoint(client, url));
      endpoints.add(new Endpoint(name, web3j, network.chainId(), new EndpointHealth(nanoTime)));
    }
  }

  /** Something that is asked of an endpoint, in as many requests as it takes. */
  @FunctionalInterface
  interface Question<T> {
    T of(Endpoint endpoint) throws RpcFailure;
  }

  /**
   * As {@link Source#ask}.
   *
   * @throws RpcFailure the most telling failure, where every endpoint fails; at once where the
   *     answer is the chain's and not the endpoint's: a revert, a null round
   */
  @Override
  public <R extends Response<?>, T> T ask(
      Function<Web3j, Request<?, R>> request, Function<R, T> extract) throws RpcFailure {
    return first(endpoint -> endpoint.ask(request, extract));
  }

  /** What the first endpoint says that can say it all: what belongs together comes from one. */
  <T> T first(Question<T> question) throws RpcFailure {
    for (int tries = 1; ; tries++) {
      RpcFailure failure = null;
      for (Endpoint endpoint : inOrder()) {
        try {
          return question.of(endpoint);
        } catch (RpcFailure e) {
          if (e.isRevert() || e.isNullRound()) {
            throw e;
          }
          failure = failure == null || e.isMoreTellingThan(failure) ? e : failure;
        }
      }
      if (failure == null) {
        throw RpcFailure.unreachable("no RPC endpoint");
      }
      if (failure.kind() != Failure.LAGS || tries == TRIES_FOR_A_BLOCK || !pause()) {
        throw failure;
      }
    }
  }

  @Override
  public <R extends Response<?>, T> Optional<T> find(
      Function<Web3j, Request<?, R>> request, Function<R, Optional<T>> extract) throws RpcFailure {
    return sweep(endpoint -> endpoint.ask(request, extract));
  }

  @Override
  public <R extends Response<?>> void spread(Function<Web3j, Request<?, R>> request)
      throws RpcFailure {
    List<RpcFailure> past = new ArrayList<>();
    var unused =
        sweep(
            endpoint -> {
              try {
                endpoint.spread(request);
                return Optional.empty();
              } catch (RpcFailure failure) {
                if (failure.isNonceTooLow()) {
                  past.add(failure);
                }
                throw failure;
              }
            });
    if (!past.isEmpty()) {
      throw past.get(0);
    }
  }

  /** What each says; none that fails is waited for once one answered. */
  <T> List<T> all(Question<T> question) throws RpcFailure {
    List<T> answers = new ArrayList<>();
    var unused =
        sweep(
            endpoint -> {
              answers.add(question.of(endpoint));
              return Optional.empty();
            });
    return answers;
  }

  /** Asks all, until one has what is asked for; none that fails is waited for once one answered. */
  private <T> Optional<T> sweep(Question<Optional<T>> question) throws RpcFailure {
    RpcFailure failure = null;
    boolean answered = false;
    for (Endpoint endpoint : inOrder()) {
      if (answered && endpoint.health().isDemoted()) {
        continue;
      }
      try {
        Optional<T> found = question.of(endpoint);
        if (found.isPresent()) {
          return found;
        }
        answered = true;
      } catch (RpcFailure e) {
        failure = failure == null || e.isMoreTellingThan(failure) ? e : failure;
      }
    }
    if (answered || failure == null) {
      return Optional.empty();
    }
    throw failure;
  }

  private boolean pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(pauseMillis);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private List<Endpoint> inOrder() {
    List<Endpoint> order = new ArrayList<>();
    List<Endpoint> last = new ArrayList<>();
    for (Endpoint endpoint : endpoints) {
      (endpoint.health().isDemoted() ? last : order).add(endpoint);
    }
    order.addAll(last);
    return order;
  }

  /** The highest number of a block that any endpoint has told of lately. */
  long head() throws RpcFailure {
    return first(this::head);
  }

  private long head(Endpoint endpoint) throws RpcFailure {
    survey(endpoint);
    return heads.highest();
  }

  /** What an endpoint itself takes for the newest block; who is far behind others is asked last. */
  long survey(Endpoint endpoint) throws RpcFailure {
    long told = endpoint.ask(Web3j::ethBlockNumber, a -> a.getBlockNumber().longValueExact());
    surveyed(endpoint, told);
    return told;
  }

  /** As {@link #survey}, where it has been asked already. */
  void surveyed(Endpoint endpoint, long told) {
    long lag = heads.told(told) - told;
    endpoint.health().lags(lag);
    if (lag > MAX_LAG_BLOCKS) {
      endpoint.health().failed(Failure.LAGS);
    }
  }

  /** The highest number of a block that is remembered; asks nobody. */
  long highest() {
    return heads.highest();
  }

  /** Somebody has told of a block. */
  void told(long block) {
    heads.told(block);
  }

  /** The highest number with a tag that any endpoint has told of lately, this one counted. */
  long told(Finality.Tag tag, long block) {
    return requireNonNull(finals.get(tag)).told(block);
  }

  List<ChainHealth.Endpoint> health() {
    return endpoints.stream().map(each -> each.health().snapshot()).toList();
  }

  List<Endpoint> endpoints() {
    return List.copyOf(endpoints);
  }

  @Override
  public void close() {
    client.dispatcher().executorService().shutdown();
    client.connectionPool().evictAll();
  }
}
