package io.tollstream.channels.evm;

import io.tollstream.channels.Escrow;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The note that says up to which block everything of an escrow has been told, and dealt with. All
 * gateways of a ledger share it, and each only ever moves it forward. Every call blocks.
 */
final class Cursor {
  private static final Logger log = LoggerFactory.getLogger(Cursor.class);

  /** A block that was the chain's when it was written down. */
  record Mark(long number, String hash) {
    static Mark of(Node.Block block) {
      return new Mark(block.number(), block.hash());
    }

    String text() {
      return number + " " + hash;
    }

    private static @Nullable Mark parse(String text) {
      String[] parts = text.split(" ", -1);
      try {
        return parts.length == 2 ? new Mark(Long.parseLong(parts[0]), parts[1]) : null;
      } catch (NumberFormatException e) {
        return null;
      }
    }
  }

  private final Journal.Store store;
  private final String name;

  Cursor(Journal.Store store, Escrow escrow) {
    this.store = store;
    this.name = "watch/" + escrow.chainId() + "/" + escrow.contract().hex();
  }

  /** Null where nothing was followed before. */
  @Nullable Mark read() {
    String text = text();
    Mark mark = text == null ? null : Mark.parse(text);
    if (text != null && mark == null) {
      log.error("The note {} cannot be read: events are followed from now on", name);
    }
    return mark;
  }

  /** Moves it to a later block, unless another gateway has. */
  void advance(Mark to) {
    String text = text();
    Mark before = text == null ? null : Mark.parse(text);
    if (before == null || before.number() < to.number()) {
      // Where another was quicker, it has done as much: the next block comes soon.
      var unused = Journal.await(store.notes().swap(name, text, to.text()));
    }
  }

  private @Nullable String text() {
    SortedMap<String, String> notes = Journal.await(store.notes().list(name));
    return notes.get(name);
  }
}
