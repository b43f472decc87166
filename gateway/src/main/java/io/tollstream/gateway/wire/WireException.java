package io.tollstream.gateway.wire;

/**
 * What came over the wire cannot be read; the message says what was expected, and quotes nothing.
 */
public final class WireException extends RuntimeException {
  private final String reason;

  public WireException(String reason) {
    super(reason);
    this.reason = reason;
  }

  public WireException(String reason, Throwable cause) {
    super(reason, cause);
    this.reason = reason;
  }

  /** What was expected, for whoever sent it. */
  public String reason() {
    return reason;
  }
}
