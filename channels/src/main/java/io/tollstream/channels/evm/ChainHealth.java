package io.tollstream.channels.evm;

import java.util.List;

/**
 * How the endpoints of a chain do. It tells them by their place in the configuration, from 0: their
 * URLs hold keys.
 *
 * @param disagreement whether two of them have told different blocks for one number, and not yet
 *     the same again; no new deposit counts meanwhile
 */
public record ChainHealth(List<Endpoint> endpoints, boolean disagreement) {

  /** What went wrong with an endpoint. */
  public enum Failure {
    /** Nothing, yet. */
    NONE,
    /** No answer, or none in time. */
    UNREACHABLE,
    /** An HTTP status other than 200, or what cannot be read. */
    UNREADABLE,
    /** It wants to be asked less. */
    RATE_LIMITED,
    /** It says itself that it is broken. */
    INTERNAL_ERROR,
    /** It does not know a block that another one has told of. */
    LAGS,
    /** It is of another chain. */
    WRONG_CHAIN
  }

  /**
   * One endpoint.
   *
   * @param failures since the start; what a chain itself refuses is none
   * @param lastFailure the kind of the last of them
   * @param lagBlocks how far its newest block was behind the newest of all when it last told it
   * @param demoted whether it is asked last at the moment
   */
  public record Endpoint(long failures, Failure lastFailure, long lagBlocks, boolean demoted) {}

  public ChainHealth {
    endpoints = List.copyOf(endpoints);
  }
}
