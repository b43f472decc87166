package io.tollstream.channels.evm;

import java.util.Optional;
import java.util.function.Function;
import org.web3j.protocol.Web3j;
import org.web3j.protocol.core.Request;
import org.web3j.protocol.core.Response;

/** Where answers come from: one endpoint, or whichever of them works. */
interface Source {

  /**
   * Sends a request and makes something of its answer.
   *
   * @throws RpcFailure if there is none, or it is an error
   */
  <R extends Response<?>, T> T ask(Function<Web3j, Request<?, R>> request, Function<R, T> extract)
      throws RpcFailure;

  /** Asks for what a node may not have, or not have yet; empty where nobody says that it has it. */
  default <R extends Response<?>, T> Optional<T> find(
      Function<Web3j, Request<?, R>> request, Function<R, Optional<T>> extract) throws RpcFailure {
    return ask(request, extract);
  }

  /** Tells whoever can be told; fails where nobody takes it, or one knows it is too late. */
  default <R extends Response<?>> void spread(Function<Web3j, Request<?, R>> request)
      throws RpcFailure {
    var unused = ask(request, Function.identity());
  }
}
