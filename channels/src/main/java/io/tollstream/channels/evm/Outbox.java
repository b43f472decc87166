package io.tollstream.channels.evm;

import io.tollstream.channels.Hex;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.evm.SignedTransactions.Draft;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One account's transactions on one chain, from the call until nothing can take them back. A thread
 * of its own signs and tends them, one after the other.
 *
 * <p>Each is written down before it leaves, under its nonce, which only one can take: so several
 * gateways on a ledger share a key without collisions, and whatever a process was doing when it
 * died, what it wrote down is broadcast again, the very bytes. Who wants what is pending already
 * joins it: a transaction for one purpose is never sent twice.
 */
final class Outbox implements AutoCloseable {
  /** The most of an account that are not mined; nodes of Filecoin keep 100. */
  static final int MAX_PENDING = 64;

  /**
   * The most that are not final, which can take hours; a listing of notes has no more than 1000.
   */
  static final int MAX_WRITTEN = 900;

  /** How often another nonce is tried where others take them. */
  private static final int NONCE_TRIES = 16;

  /** What is as old and still there may be nobody's: its gateway may be dead. */
  static final Duration ORPHANED = Duration.ofMinutes(2);

  private static final long ADOPT_MILLIS = 10_000;
  private static final long MAX_INTERVAL_MILLIS = 5_000;
  private static final Logger log = LoggerFactory.getLogger(Outbox.class);

  private final Node node;
  private final SignedTransactions signing;
  private final Journal journal;
  private final Tending tending;
  private final InstantSource clock;
  private final long firstIntervalMillis;
  private final Workers sender = new Workers("tollstream-sender", 1);
  private final Map<BigInteger, Pending> pending = new ConcurrentSkipListMap<>();
  private final AtomicLong schedule = new AtomicLong();
  private volatile boolean closed;
  private long intervalMillis;
  private long adoptedNanos;
  private boolean adopted;
  private boolean tooDear;

  Outbox(Node node, SignedTransactions signing, Journal journal, Tending.Rules rules) {
    this.node = node;
    this.signing = signing;
    this.journal = journal;
    this.clock = rules.clock();
    this.tending = new Tending(node, signing, journal, rules);
    this.firstIntervalMillis = Math.max(1, rules.network().pollInterval().toMillis());
    this.intervalMillis = firstIntervalMillis;
    if (journal.isDurable()) {
      lookAfter(0);
    }
  }

  /** The transaction that is pending for this purpose, or else a new one that has left. */
  CompletionStage<Result<Pending>> submit(Order order) {
    return sender.run(() -> place(order));
  }

  /**
   * As {@link #submit}, for calls of a kind that must not be under way side by side: refused while
   * another one of the kind is not mined.
   *
   * @param order whose purpose is the kind
   */
  CompletionStage<Result<Pending>> submitAlone(Order order) {
    String kind = order.purpose() + " ";
    byte[] data = order.call().data().getBytes(StandardCharsets.US_ASCII);
    String purpose = kind + Hex.encode(Keccak.hash(data));
    return sender.run(
        () -> {
          try {
            Pending other = unminedOf(kind, purpose);
            return other == null
                ? place(order.withPurpose(purpose))
                : Result.refused(new Refusal.TransactionPending(other.outgoing().hash()));
          } catch (LedgerUnavailable unknown) {
            return unavailable(String.valueOf(unknown.getMessage()));
          }
        });
  }

  /** What others have sent and nobody has seen mined here counts as not mined. */
  private @Nullable Pending unminedOf(String prefix, String purpose) {
    for (Outgoing each : journal.read().values()) {
      if (each != null && each.purpose().startsWith(prefix) && !each.isFor(purpose)) {
        Pending tended = tend(each);
        if (!tended.isMined() && !tended.isStranded()) {
          return tended;
        }
      }
    }
    return null;
  }

  private Result<Pending> place(Order order) throws RpcFailure {
    try {
      SortedMap<BigInteger, @Nullable Outgoing> written = journal.read();
      Pending same = joined(order, written);
      if (same != null) {
        return Result.ok(same);
      }
      if (isFull(order, written)) {
        return unavailable("too many transactions are pending");
      }
      Draft draft = signing.draft(order);
      if (order.wary()) {
        node.simulatePending(signing.sender(), order.call());
      }
      if (draft == null) {
        return tooDear();
      }
      tooDear &= order.urgent();
      return send(draft, order, written);
    } catch (RpcFailure failure) {
      return Result.refused(Reverts.refusal(failure, order.attempt()));
    } catch (LedgerUnavailable unknown) {
      return unavailable(String.valueOf(unknown.getMessage()));
    }
  }

  private static Result<Pending> unavailable(String what) {
    return Result.refused(new Refusal.Unavailable(what));
  }

  private Result<Pending> tooDear() {
    if (!tooDear) {
      log.warn("Gas costs more than the ceiling: nothing is sent until it costs less");
    }
    tooDear = true;
    return unavailable("gas costs more than the ceiling");
  }

  private boolean isFull(Order order, SortedMap<BigInteger, @Nullable Outgoing> written)
      throws RpcFailure {
    int most = order.share(MAX_PENDING);
    return written.size() >= order.share(MAX_WRITTEN)
        || (written.size() >= most
            && written.tailMap(node.minedNonce(signing.sender())).size() >= most);
  }

  /**
   * The last that may yet do it: what one that failed, or lost its nonce, was for is still to be
   * done.
   */
  private @Nullable Pending joined(Order order, SortedMap<BigInteger, @Nullable Outgoing> written) {
    Pending last = null;
    for (Outgoing each : written.values()) {
      if (each != null && each.isFor(order.purpose())) {
        Pending tended = tend(each);
        last = tended.hasFailed() || tended.isStranded() ? last : tended;
      }
    }
    return last == null ? null : last.urgentIf(order.urgent());
  }

  private Result<Pending> send(
      Draft draft, Order order, SortedMap<BigInteger, @Nullable Outgoing> known) throws RpcFailure {
    SortedMap<BigInteger, @Nullable Outgoing> written = known;
    RpcFailure refused = null;
    for (int i = 0; i < NONCE_TRIES; i++) {
      BigInteger nonce = free(written);
      Outgoing next =
          Outgoing.of(nonce, order.purpose(), signing.sign(draft, nonce), clock.millis());
      if (journal.put(next)) {
        refused = tending.broadcast(next);
        if (refused == null) {
          return Result.ok(tend(next).urgentIf(order.urgent()));
        }
        journal.remove(next);
        if (!isNonceTaken(refused)) {
          throw refused;
        }
      }
      written = journal.read();
      Pending same = joined(order, written);
      if (same != null) {
        return Result.ok(same);
      }
    }
    return unavailable("others take the account's nonces");
  }

  private static boolean isNonceTaken(RpcFailure failure) {
    return failure.says("nonce") || failure.says("replacement") || failure.says("underpriced");
  }

  /**
   * The first that neither the chain nor any of us has given away: no gap stays open. What waits is
   * only as old as the one node that counts it.
   */
  private BigInteger free(SortedMap<BigInteger, @Nullable Outgoing> written) throws RpcFailure {
    BigInteger mined = node.minedNonce(signing.sender());
    BigInteger nonce = tending.atLeast(node.nextNonce(signing.sender()).max(mined));
    while (written.containsKey(nonce)) {
      nonce = nonce.add(BigInteger.ONE);
    }
    return nonce;
  }

  private Pending tend(Outgoing outgoing) {
    Pending tended = pending.computeIfAbsent(outgoing.nonce(), any -> new Pending(outgoing));
    if (!tended.outgoing().raw().equals(outgoing.raw())) {
      tended.replaced(outgoing);
    }
    intervalMillis = firstIntervalMillis;
    lookAfter(intervalMillis);
    return tended;
  }

  /** The next look at what is pending, instead of the one that was planned before. */
  private void lookAfter(long millis) {
    long mine = schedule.incrementAndGet();
    CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS, Runnable::run)
        .execute(
            () -> {
              if (!closed && schedule.get() == mine) {
                sender.run(this::look).whenComplete((done, bug) -> planNext(mine, bug));
              }
            });
  }

  private void planNext(long mine, @Nullable Throwable bug) {
    if (bug != null) {
      log.error("What is pending could not be looked at", bug);
    }
    if (closed || schedule.get() != mine) {
      return;
    }
    if (!pending.isEmpty()) {
      lookAfter(intervalMillis);
    } else if (journal.isDurable()) {
      lookAfter(ADOPT_MILLIS);
    }
  }

  private Result<Boolean> look() throws RpcFailure {
    intervalMillis = Math.min(intervalMillis + intervalMillis / 2 + 1, MAX_INTERVAL_MILLIS);
    try {
      adopt();
      if (!pending.isEmpty()) {
        tending.look(pending);
      }
      return Result.ok(true);
    } catch (LedgerUnavailable later) {
      log.debug("What is pending is looked at later: {}", later.getMessage());
      return Result.ok(false);
    }
  }

  /** Takes over what was written down before this process began, and what nobody looks after. */
  private void adopt() {
    boolean due = !adopted || System.nanoTime() - adoptedNanos >= ADOPT_MILLIS * 1_000_000;
    if (!due || !journal.leads()) {
      return;
    }
    long orphaned = clock.millis() - ORPHANED.toMillis();
    for (Outgoing each : journal.read().values()) {
      if (each != null
          && !pending.containsKey(each.nonce())
          && (!adopted || each.sentMillis() <= orphaned)) {
        log.info("Transaction {} ({}) is taken care of from now on", each.hash(), each.purpose());
        pending.put(each.nonce(), new Pending(each));
      }
    }
    adopted = true;
    adoptedNanos = System.nanoTime();
  }

  /** What is pending stays written down; those that wait for it are refused. */
  @Override
  public void close() {
    closed = true;
    sender.close();
    pending.values().forEach(each -> each.refuse("the chain client is closed"));
  }
}
