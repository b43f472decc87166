package io.tollstream.channels.evm;

import static java.util.Comparator.comparingLong;

import io.tollstream.channels.evm.SignedTransactions.Signed;
import java.math.BigInteger;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
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

  /** The most that the chain is past, and of which one look asks again: requests take time. */
  private static final int MAX_PAST = 64;

  private static final Logger log = LoggerFactory.getLogger(Tending.class);

  /** How long, how sure and by which clock. */
  record Rules(EvmNetwork network, Finality finality, InstantSource clock) {}

  private final Node node;
  private final SignedTransactions signing;
  private final Journal journal;
  private final Rules rules;
  private BigInteger floor = BigInteger.ZERO;
  private BigInteger urgentBelow = BigInteger.ZERO;
  private long looks;
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
      boolean taken =
          !failure.isAnswer() || failure.says("already known") || mayBeTaken(outgoing, failure);
      return taken ? null : failure;
    }
  }

  /** A node that lags keeps what can never be mined any more: whether it knows it says nothing. */
  private boolean mayBeTaken(Outgoing outgoing, RpcFailure failure) {
    try {
      boolean isPast =
          failure.isNonceTooLow()
              && node.minedNonce(signing.sender()).compareTo(outgoing.nonce()) > 0;
      return isPast ? node.hasMined(outgoing.hash()) : node.knows(outgoing.hash());
    } catch (RpcFailure unsure) {
      return true;
    }
  }

  /**
   * Looks at all that are not mined, and at some of those that are not final, in turn.
   *
   * @throws RpcFailure if nobody can be asked; the rest is looked at the next time
   */
  void look(Map<BigInteger, Pending> pending) throws RpcFailure {
    // Before any receipt: what the chain takes back after a receipt was read is above this block.
    long finalBlock = node.finalBlock(rules.finality());
    BigInteger next = node.minedNonce(signing.sender());
    urgentBelow = urgentBelow(pending.values());
    looks++;
    for (Pending each : due(pending.values(), next)) {
      each.looked(looks);
      if (look(each, next, finalBlock)) {
        pending.remove(each.outgoing().nonce(), each);
        each.over();
      }
    }
  }

  /** What is urgent waits for all before it. */
  private static BigInteger urgentBelow(Collection<Pending> pending) {
    return pending.stream()
        .filter(each -> each.isUrgent() && !each.isMined() && !each.isStranded())
        .map(each -> each.outgoing().nonce().add(BigInteger.ONE))
        .reduce(BigInteger.ZERO, BigInteger::max);
  }

  /** Who waits for a receipt must not wait for those that only wait to be final. */
  private static List<Pending> due(Collection<Pending> pending, BigInteger next) {
    List<Pending> due = new ArrayList<>();
    due.addAll(some(pending, each -> isBefore(each, next) && each.isMined()));
    due.addAll(some(pending, each -> isBefore(each, next) && !each.isMined()));
    pending.stream().filter(each -> !isBefore(each, next)).forEach(due::add);
    return due;
  }

  private static List<Pending> some(Collection<Pending> pending, Predicate<Pending> which) {
    return pending.stream()
        .filter(which)
        .sorted(comparingLong(Pending::looked))
        .limit(MAX_PAST)
        .toList();
  }

  private static boolean isBefore(Pending each, BigInteger next) {
    return each.outgoing().nonce().compareTo(next) < 0;
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
    if (isBefore(each, next)) {
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
    floor = floor.max(each.outgoing().nonce().add(BigInteger.ONE));
    floorNanos = System.nanoTime();
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
    each.strand();
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

  private @Nullable Signed raised(Outgoing old) throws RpcFailure {
    return signing.raised(old.raw(), old.nonce().compareTo(urgentBelow) < 0);
  }

  private void replace(Pending each) throws RpcFailure {
    Outgoing old = each.outgoing();
    each.waitsFromNow();
    Signed raised = old.hashes().size() > MAX_REPLACEMENTS ? null : raised(old);
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
