package io.tollstream.channels.evm;

/**
 * How sure of a block one must be to sell on the strength of it (draft-evm-session-00, "Chain
 * Reorganization").
 */
public sealed interface Finality {

  /**
   * A number of blocks, the transaction's own counted: 1 believes the newest block.
   *
   * @param confirmations at least 1
   */
  record Confirmations(int confirmations) implements Finality {
    public Confirmations {
      if (confirmations < 1) {
        throw new IllegalArgumentException("confirmations must be at least 1");
      }
    }

    /** The newest block that has so many, where the chain's newest has this number. */
    long before(long newest) {
      return Math.max(0, newest - (confirmations - 1));
    }
  }

  /** What the node tags so. */
  enum Tag implements Finality {
    SAFE,
    FINALIZED
  }

  static Finality confirmations(int confirmations) {
    return new Confirmations(confirmations);
  }

  static Finality safe() {
    return Tag.SAFE;
  }

  static Finality finalized() {
    return Tag.FINALIZED;
  }
}
