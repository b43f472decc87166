package io.tollstream.gateway.payer;

import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import org.jspecify.annotations.Nullable;

/** One addition to a deposit on its way, and what is known of it. One event loop owns it. */
final class Addition {
  /** A chain's clock may lag behind ours by so much. */
  static final long CLOCK_SECONDS = 120;

  private final Amount before;
  private final Amount additional;
  private @Nullable JsonObject payload;
  private @Nullable String hash;
  private long validBeforeSeconds = Long.MAX_VALUE;
  private boolean impossible;

  /**
   * @param before the deposit as it was
   */
  Addition(Amount before, Amount additional) {
    this.before = before;
    this.additional = additional;
  }

  Amount additional() {
    return additional;
  }

  Amount total() {
    return before.plusOrMax(additional);
  }

  /** What the gateway needs to submit it, or null where it is a transaction of the payer's own. */
  @Nullable JsonObject payload() {
    return payload;
  }

  /** The payer's own transaction, or null where none has left. */
  @Nullable String hash() {
    return hash;
  }

  void authorized(JsonObject signed, long beforeSeconds) {
    payload = signed;
    validBeforeSeconds = beforeSeconds;
  }

  void sent(String transactionHash) {
    hash = transactionHash;
  }

  /** The authorization can be used no more. */
  boolean hasExpired(long nowSeconds) {
    return nowSeconds - CLOCK_SECONDS > validBeforeSeconds;
  }

  /** It has not happened and will not. */
  void cannotHappen() {
    impossible = true;
  }

  boolean isImpossible() {
    return impossible;
  }
}
