package io.tollstream.channels.evm;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.evm.Cursor.Mark;
import io.tollstream.channels.evm.EventWindows.Window;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Goes over an escrow's events, round after round: what is new, and once more the newest blocks,
 * which a reorganisation may have changed or a lagging node kept back. One thread uses it; every
 * call blocks.
 *
 * <p>Below the blocks that are read again stands a mark, a block whose hash must stay what it was.
 * Where it does not, or where events cannot be had, every channel is looked at instead. Marks that
 * are final are written down for the next start.
 */
final class EventRounds {
  private static final Logger log = LoggerFactory.getLogger(EventRounds.class);

  /**
   * How often a chain must turn out shorter than it was before that is believed: a node may lag.
   */
  private static final int SHORTER_ROUNDS = 3;

  /** How often the same newest block is read: the first time a node may keep something back. */
  private static final int READS_PER_HEAD = 2;

  private static final int MAX_MARKS = 1_024;

  private final Node node;
  private final FollowPolicy policy;
  private final Finality finality;
  private final EventWindows windows;
  private final Cursor cursor;
  private final Listening listening;
  private final Sightings sightings = new Sightings();
  private final Deque<Mark> marks = new ArrayDeque<>();
  private boolean started;
  private long heads;
  private long writtenDown = -1;
  private long dealtWith = -1;
  private long newest = -1;
  private int shorter;
  private String readHash = "";
  private int reads;

  EventRounds(Node node, EvmEscrow escrow, Journal.Store store, Listening listening) {
    this.node = node;
    this.policy = escrow.follow();
    this.finality = escrow.finality();
    this.windows = new EventWindows(node, escrow.contract(), policy.logWindow());
    this.cursor = new Cursor(store, escrow.escrow());
    this.listening = listening;
  }

  /** How often the newest block was answered for. */
  long heads() {
    return heads;
  }

  /** The newest block that was seen, or -1. */
  long newest() {
    return newest;
  }

  /** The last block up to which everything has been told and dealt with, or -1. */
  long dealtWith() {
    return dealtWith;
  }

  /**
   * One round.
   *
   * @return whether all there was to tell was told and dealt with
   * @throws LedgerUnavailable if it could not be found out where to begin
   */
  boolean round() throws RpcFailure {
    Node.Block head = node.newest();
    heads++;
    requireNoShorter(head);
    newest = head.number();
    if (!started) {
      start(head);
    }
    listening.sweepIfOwed();
    if (head.hash().equals(readHash) && reads >= READS_PER_HEAD) {
      return true;
    }
    long finalBlock = Math.min(head.number(), node.finalBlock(finality));
    requireSameChain(head);
    if (!readAll(head, finalBlock)) {
      return false;
    }
    reads = head.hash().equals(readHash) ? reads + 1 : 1;
    readHash = head.hash();
    mark(head, finalBlock);
    listening.sweepIfOwed();
    return true;
  }

  private void start(Node.Block head) throws RpcFailure {
    Mark last = cursor.read();
    if (last == null) {
      begin(head);
      cursor.advance(marks.getLast());
    } else {
      marks.add(last);
      newest = Math.max(newest, last.number());
      writtenDown = last.number();
      dealtWith = last.number();
    }
    started = true;
    requireNoShorter(head);
  }

  /** From the newest blocks on, as if nothing had been before. */
  private void begin(Node.Block head) throws RpcFailure {
    Mark mark = Mark.of(node.block(Math.max(0, head.number() - policy.reorgDepth())));
    marks.clear();
    sightings.clear();
    marks.add(mark);
    dealtWith = mark.number();
  }

  private void beginAndSweep(Node.Block head) throws RpcFailure {
    begin(head);
    listening.oweSweep();
  }

  private void requireNoShorter(Node.Block head) throws RpcFailure {
    if (head.number() >= newest) {
      shorter = 0;
    } else if (++shorter < SHORTER_ROUNDS) {
      throw RpcFailure.unreachable(
          "the newest block is " + head.number() + ", though " + newest + " was seen");
    } else {
      log.warn("Chain shorter than it was: {} blocks, after {}", head.number(), newest);
      shorter = 0;
    }
  }

  private void requireSameChain(Node.Block head) throws RpcFailure {
    Mark mark = marks.getLast();
    if (Math.min(dealtWith, mark.number()) < head.number() - policy.lookbackBlocks()) {
      log.warn("Events after block {} are too old to be read: all channels are looked at", mark);
      beginAndSweep(head);
    } else if (mark.number() > head.number() || !isStill(mark)) {
      log.error(
          "The chain, now at block {}, has lost its block {}: its node was reset, or has taken back"
              + " more than reorgDepth {}; all channels are looked at",
          head.number(),
          mark.number(),
          policy.reorgDepth());
      beginAndSweep(head);
    }
  }

  private boolean isStill(Mark mark) throws RpcFailure {
    try {
      return Mark.of(node.block(mark.number())).equals(mark);
    } catch (RpcFailure failure) {
      if (failure.isTooOld()) {
        return true; // its events are as old, and the attempt to read them decides
      }
      throw failure;
    }
  }

  private boolean readAll(Node.Block head, long finalBlock) throws RpcFailure {
    long from = Math.min(dealtWith, marks.getLast().number()) + 1;
    boolean passedOver = false;
    while (from <= head.number()) {
      Window window = window(from, head, passedOver);
      if (window == null) {
        passedOver = true;
        from = Math.min(dealtWith, marks.getLast().number()) + 1;
      } else if (tell(window, head, finalBlock)) {
        from = window.to() + 1;
      } else {
        return false;
      }
    }
    return true;
  }

  /** Null where reading has to begin anew, behind what cannot be had; that happens once a round. */
  private @Nullable Window window(long from, Node.Block head, boolean passedOver)
      throws RpcFailure {
    try {
      return windows.read(from, head.number());
    } catch (RpcFailure failure) {
      if (passedOver || !(failure.isTooOld() || failure.isTooMuch())) {
        throw failure;
      }
      log.warn(
          "The events after block {} cannot be had ({}): all channels are looked at",
          from - 1,
          failure.getMessage());
      beginAndSweep(head);
      return null;
    }
  }

  private boolean tell(Window window, Node.Block head, long finalBlock) {
    long from = window.from();
    long to = window.to() == head.number() ? Long.MAX_VALUE : window.to();
    if (!sightings.hasRoomFor(window.events())) {
      log.warn("More than {} events that are not final: all channels are looked at", Sightings.MAX);
      sightings.clear();
      listening.oweSweep();
    } else {
      Set<ChannelId> news = sightings.news(from, to, window.events(), finalBlock);
      if (!listening.tell(
          news, some -> sightings.toldOf(from, to, window.events(), finalBlock, some))) {
        return false;
      }
    }
    dealtWith = window.to();
    return true;
  }

  /** Now and then a new mark, and the newest that is final goes where the next start finds it. */
  private void mark(Node.Block head, long finalBlock) throws RpcFailure {
    long deep = head.number() - policy.reorgDepth();
    if (deep - marks.getLast().number() >= Math.max(1, policy.reorgDepth() / 4)) {
      Mark mark = Mark.of(node.block(deep));
      if (mark.number() > marks.getLast().number()) {
        marks.add(mark);
      }
    }
    sightings.forgetBefore(marks.getLast().number());
    while (marks.size() > 1 && (isSecondFinal(finalBlock) || marks.size() > MAX_MARKS)) {
      marks.removeFirst();
    }
    writeDown(marks.getFirst(), finalBlock);
  }

  private boolean isSecondFinal(long finalBlock) {
    var each = marks.iterator();
    each.next();
    return each.next().number() <= finalBlock;
  }

  private void writeDown(Mark mark, long finalBlock) {
    if (mark.number() <= writtenDown || mark.number() > finalBlock || listening.isSweepOwed()) {
      return;
    }
    try {
      cursor.advance(mark);
      writtenDown = mark.number();
    } catch (LedgerUnavailable later) {
      log.debug("Block {} is not written down yet: {}", mark.number(), later.getMessage());
    }
  }
}
