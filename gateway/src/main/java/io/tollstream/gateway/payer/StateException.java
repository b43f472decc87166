package io.tollstream.gateway.payer;

/** The payer's state on disk cannot be used; the message says where and what to do. */
final class StateException extends RuntimeException {
  StateException(String message) {
    super(message);
  }

  StateException(String message, Throwable cause) {
    super(message, cause);
  }
}
