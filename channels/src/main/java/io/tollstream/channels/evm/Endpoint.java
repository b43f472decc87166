package io.tollstream.channels.evm;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.tollstream.channels.evm.ChainHealth.Failure;
import java.io.IOException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.web3j.protocol.Web3j;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.Response;

/** One endpoint, which must prove to be of the right chain before it is believed. */
final class Endpoint implements Source {
  private static final Logger log = LoggerFactory.getLogger(Endpoint.class);

  /** What is made of an answer that says, without an error, that there is no such block. */
  static final class UnknownBlock extends RuntimeException {}

  private final String name;
  private final Web3j web3j;
  private final long chainId;
  private final EndpointHealth health;
  private volatile boolean trusted;

  /**
   * An endpoint that nothing is known of.
   *
   * @param name fit for strangers
   */
  Endpoint(String name, Web3j web3j, long chainId, EndpointHealth health) {
    this.name = name;
    this.web3j = web3j;
    this.chainId = chainId;
    this.health = health;
  }

  EndpointHealth health() {
    return health;
  }

  @Override
  public <R extends Response<?>, T> T ask(
      Function<Web3j, Request<?, R>> request, Function<R, T> extract) throws RpcFailure {
    if (health.isSilent()) {
      throw RpcFailure.of(Failure.RATE_LIMITED, name + " wants to be asked less");
    }
    try {
      requireTrust();
      T answer = send(request, extract);
      health.worked();
      return answer;
    } catch (RpcFailure failure) {
      if (failure.kind() != Failure.NONE) {
        health.failed(failure.kind());
      } else {
        health.worked();
      }
      throw failure;
    }
  }

  private void requireTrust() throws RpcFailure {
    if (trusted) {
      return;
    }
    long actual = send(Web3j::ethChainId, answer -> answer.getChainId().longValueExact());
    if (actual != chainId) {
      throw RpcFailure.of(
          Failure.WRONG_CHAIN, name + " is of chain " + actual + ", not " + chainId);
    }
    trusted = true;
  }

  private <Q extends Request<?, R>, R extends Response<?>, T> T send(
      Function<Web3j, Q> request, Function<R, T> extract) throws RpcFailure {
    R answer;
    try {
      answer = request.apply(web3j).send();
    } catch (RpcEndpoint.TooManyRequests limit) {
      health.limited(limit.retryAfter());
      throw RpcFailure.of(Failure.RATE_LIMITED, name + " wants to be asked less");
    } catch (RpcEndpoint.NoAnswer | JsonProcessingException e) {
      log.debug("{}: {}", name, e.toString());
      throw RpcFailure.of(Failure.UNREADABLE, name + " does not answer");
    } catch (IOException e) {
      log.debug("{}: {}", name, e.toString());
      throw RpcFailure.of(Failure.UNREACHABLE, name + " does not answer");
    }
    requireNoError(answer);
    return make(answer, extract);
  }

  private void requireNoError(@Nullable Response<?> answer) throws RpcFailure {
    if (answer == null) {
      throw RpcFailure.of(Failure.UNREADABLE, name + " answered nothing");
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
    } catch (UnknownBlock unknown) {
      throw RpcFailure.of(Failure.LAGS, name + " does not know a block that another told of");
    } catch (RuntimeException e) {
      log.debug("{}: {}", name, e.toString());
      throw RpcFailure.of(Failure.UNREADABLE, name + " answered what cannot be read");
    }
  }
}
