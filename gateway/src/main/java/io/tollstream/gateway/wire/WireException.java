package io.tollstream.gateway.wire;

/**
 * What came over the wire cannot be read; the message says what was expected, and quotes nothing.
 */
public final class WireException extends RuntimeException {
  public WireException(String message) {
    super(message);
  }

  public WireException(String message, Throwable cause) {
    super(message, cause);
  }
}
