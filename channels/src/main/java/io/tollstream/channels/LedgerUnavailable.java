package io.tollstream.channels;

/** The ledger could not make a transition durable; whatever it was, it must count as not done. */
public final class LedgerUnavailable extends RuntimeException {
  public LedgerUnavailable(String message) {
    super(message);
  }

  public LedgerUnavailable(String message, Throwable cause) {
    super(message, cause);
  }
}
