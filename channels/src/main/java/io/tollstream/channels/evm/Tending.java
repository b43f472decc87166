package io.tollstream.channels.evm;

import io.tollstream.channels.evm.SignedTransactions.Signed;
import java.math.BigInteger;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.web3j.protocol.core.methods.response.TransactionReceipt;

/**
 * What is done for transactions that have left: broadcast again where no node knows them any more,
 * replaced for more where they do not get mined, forgotten once they are final. A receipt that
 * vanishes makes its transaction pending again.
 */
final class Tending {
  /** Each raises the fees by a quarter or so: what this does not get mined, none does. */
  private static final int MAX_REPLACEMENTS = 16;

  private static final Logger log = LoggerFactory.getLogger(Tending.class);

  /** How long, how sure and by which clock. */
  record Rules(EvmNetwork network, Finality finality, InstantSource clock) {}

  private final Node node;
  private final SignedTransactions signing;
  private final Journal journal;
  private final Rules rules;
  private BigInteger floor = BigInteger.ZERO;
  private long floorNanos = System.nanoTime();

  Tending(Node node, SignedTransactions signing, Journal journal, Rules rules) {
    this.node = node;
    this.signing = signing;
    this.journal = journal;
    this.rules = rules;
  }

  /** A nonce that a node gave, or a higher one: for a while, we know better than one that lags. */
  BigInteger atLeast(BigInteger nonce) {
    boolean lags = System.nanoTime() - floorNanos < rules.network().gas().replaceAfter().toNanos();
    return lags ? nonce.max(floor) : nonce;
  }

  /**
   * Sends what was written down.
   *
   * @return why it was surely not taken, or null where it was, or may have been
   */
  @Nullable RpcFailure broadcast(Outgoing outgoing) {
    try {
      node.send(outgoing.raw());
      return null;
    } catch (RpcFailure failure) {
      boolean taken = !failure.isAnswer() || failure.says("already known") || mayBeKnown(outgoing);
      return taken ? null : failure;
    }
  }

  private boolean mayBeKnown(Outgoing outgoing) {
    try {
      return node.knows(outgoing.hash());
    } catch (RpcFailure unsure) {
      return true;
    }
  }

  /**
   * Looks at each once, in the order of their nonces.
   *
   * @throws RpcFailure if nobody can be asked; the rest is looked at the next time
   */
  void look(Map<BigInteger, Pending> pending) throws RpcFailure {
    // Before any receipt: what the chain takes back after a receipt was read is above this block.
    long finalBlock = node.finalBlock(rules.finality());
    BigInteger next = node.minedNonce(signing.sender());
    for (Pending each : List.copyOf(pending.values())) {
      if (look(each, next, finalBlock)) {
        pending.remove(each.outgoing().nonce(), each);
        each.over();
      }
    }
  }

  /** Whether there is no more to be done for it. */
  private boolean look(Pending each, BigInteger next, long finalBlock) throws RpcFailure {
    Optional<TransactionReceipt> receipt = receipt(each.outgoing());
    if (receipt.isPresent()) {
      return landed(each, receipt.get(), finalBlock);
    }
    if (each.unmined()) {
      log.warn("The chain has taken back transaction {}", each.outgoing().hash());
    }
    if (each.outgoing().nonce().compareTo(next) < 0) {
      return isLost(each, finalBlock);
    }
    each.isNotBeyond();
    promote(each, next);
    return false;
  }

  private Optional<TransactionReceipt> receipt(Outgoing outgoing) throws RpcFailure {
    for (int i = outgoing.hashes().size() - 1; i >= 0; i--) {
      Optional<TransactionReceipt> receipt = node.receipt(outgoing.hashes().get(i));
      if (receipt.isPresent()) {
        return receipt;
      }
    }
    return Optional.empty();
  }

  /** Who waits for it is told in any case, but where it is final, after it is forgotten. */
  private boolean landed(Pending each, TransactionReceipt receipt, long finalBlock)
      throws RpcFailure {
    try {
      if (Receipts.block(receipt) > finalBlock || !isOnTheChain(receipt)) {
        return false;
      }
      forget(each);
      floor = floor.max(each.outgoing().nonce().add(BigInteger.ONE));
      floorNanos = System.nanoTime();
      return true;
    } finally {
      each.mined(receipt);
    }
  }

  /** A node that lags can still give the receipt of a block that was taken back. */
  private boolean isOnTheChain(TransactionReceipt receipt) throws RpcFailure {
    return node.block(Receipts.block(receipt)).hash().equals(receipt.getBlockHash());
  }

  private void forget(Pending each) {
    for (Outgoing written = each.outgoing(); written != null && !journal.remove(written); ) {
      written = journal.read().get(each.outgoing().nonce());
    }
  }

  /**
   * Whether something else that the key signed has taken its nonce, for good. Receipts can come
   * later than the account's count, and another gateway may have replaced it under another hash.
   */
  private boolean isLost(Pending each, long finalBlock) throws RpcFailure {
    BigInteger nonce = each.outgoing().nonce();
    boolean forLong = each.isBeyondFor(rules.network().gas().replaceAfter());
    if (reload(each) || !forLong) {
      return false;
    }
    BigInteger finalNonce = node.minedNonce(signing.sender(), finalBlock);
    if (finalNonce.compareTo(nonce) <= 0) {
      return false;
    }
    log.warn("Something else has taken the nonce of transaction {}", each.outgoing().hash());
    forget(each);
    each.refuse("another transaction of the account has taken its nonce");
    return true;
  }

  /** Whether somebody else has replaced it meanwhile. */
  private boolean reload(Pending each) {
    Outgoing written = journal.read().get(each.outgoing().nonce());
    boolean changed = written != null && !written.equals(each.outgoing());
    if (written != null && changed) {
      each.replaced(written);
    }
    return changed;
  }

  /** Sees to it that it is known, and worth a miner's while once it is the next in line. */
  private void promote(Pending each, BigInteger next) throws RpcFailure {
    boolean isNext = each.outgoing().nonce().equals(next);
    if (!node.knows(each.outgoing().hash())) {
      RpcFailure refused = broadcast(each.outgoing());
      if (refused != null) {
        log.debug("Transaction {} is not taken: {}", each.outgoing().hash(), refused.answer());
      }
    }
    if (!isNext) {
      each.waitsFromNow();
    } else if (journal.isDurable() && each.hasWaited(rules.network().gas().replaceAfter())) {
      replace(each);
    }
  }

  private void replace(Pending each) throws RpcFailure {
    Outgoing old = each.outgoing();
    each.waitsFromNow();
    Signed raised = old.hashes().size() > MAX_REPLACEMENTS ? null : signing.raised(old.raw());
    if (raised == null) {
      if (each.warnOnce()) {
        log.warn("Transaction {} is not mined, and more would be too much for it", old.hash());
      }
      return;
    }
    Outgoing next = old.replacedBy(raised, rules.clock().millis());
    if (!journal.replace(old, next)) {
      boolean changed = reload(each);
      log.debug("Transaction {} was replaced by another gateway: {}", old.hash(), changed);
      return;
    }
    each.replaced(next);
    log.info("Transaction {} is not mined: {} offers more", old.hash(), next.hash());
    RpcFailure refused = broadcast(next);
    if (refused != null) {
      log.warn("Transaction {} is not taken: {}", next.hash(), refused.answer());
    }
  }
}
