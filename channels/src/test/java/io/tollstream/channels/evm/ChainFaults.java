package io.tollstream.channels.evm;

import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link FaultyRpc} makes of the chain behind it. Every setter can be called while requests
 * are under way and holds from the next one on; 0, or null, is a node without the fault.
 */
public final class ChainFaults {
  private static final int PERCENT = 100;

  private final long seed;
  volatile int lag;
  volatile int oldPool;
  volatile int lateReceipts;
  volatile int nullRoundPercent;
  volatile boolean silentNullRounds;
  volatile int logBlocks;
  volatile int logResults;
  volatile int lookback;
  volatile int replacementPercent;
  volatile boolean losesTransactions;
  volatile boolean knowsAlready;
  volatile long chainId;
  volatile Wording wording = Wording.GETH;
  volatile @Nullable Anvil fork;

  ChainFaults(long seed) {
    this.seed = seed;
  }

  /** A replica that is so many blocks behind: it knows nothing of what is in them. */
  public ChainFaults lag(int blocks) {
    lag = blocks;
    return this;
  }

  /** A replica whose "pending" is the state so many blocks ago, though it knows the newest ones. */
  public ChainFaults oldPool(int blocks) {
    oldPool = blocks;
    return this;
  }

  /** Receipts come when so many blocks stand on top of the transaction's. */
  public ChainFaults lateReceipts(int blocks) {
    lateReceipts = blocks;
    return this;
  }

  /**
   * So many of a hundred numbers are of rounds in which nobody mined, the same ones every time for
   * a seed. A number whose block has transactions never is.
   */
  public ChainFaults nullRounds(int percent) {
    nullRoundPercent = percent;
    return this;
  }

  /** Who asks for a null round gets the block before it, as Forest does, and no error 12. */
  public ChainFaults silentNullRounds(boolean silent) {
    silentNullRounds = silent;
    return this;
  }

  /** The most blocks that one eth_getLogs may span. */
  public ChainFaults logBlocks(int most) {
    logBlocks = most;
    return this;
  }

  /** The most events that one eth_getLogs may give. */
  public ChainFaults logResults(int most) {
    logResults = most;
    return this;
  }

  /** How many blocks back events and states are still given. */
  public ChainFaults lookback(int blocks) {
    lookback = blocks;
    return this;
  }

  /** How much more a transaction must tip, in percent, to take the place of one that waits. */
  public ChainFaults replacement(int percent) {
    replacementPercent = percent;
    return this;
  }

  /** Transactions are taken with a hash, and dropped. */
  public ChainFaults loseTransactions(boolean lose) {
    losesTransactions = lose;
    return this;
  }

  /** Transactions are passed on, and refused as already known: another node was quicker. */
  public ChainFaults knowAlready(boolean known) {
    knowsAlready = known;
    return this;
  }

  /** The chain id that is told. */
  public ChainFaults chainId(long told) {
    chainId = told;
    return this;
  }

  /** How errors are worded. */
  public ChainFaults wording(Wording words) {
    wording = words;
    return this;
  }

  /** Everything is answered from another chain. */
  public ChainFaults fork(@Nullable Anvil other) {
    fork = other;
    return this;
  }

  /** No fault of the chain's any more. */
  public ChainFaults none() {
    return lag(0)
        .oldPool(0)
        .lateReceipts(0)
        .nullRounds(0)
        .silentNullRounds(false)
        .logBlocks(0)
        .logResults(0)
        .lookback(0)
        .replacement(0)
        .loseTransactions(false)
        .knowAlready(false)
        .chainId(0)
        .wording(Wording.GETH)
        .fork(null);
  }

  /** Whether chance, which says the same of a number every time, makes it a null round. */
  boolean wouldBeNull(long number) {
    return number > 0
        && nullRoundPercent > 0
        && new Random(seed * 1_000_003 + number * 7_919).nextInt(PERCENT) < nullRoundPercent;
  }
}
