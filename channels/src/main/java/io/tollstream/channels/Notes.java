package io.tollstream.channels;

import java.util.SortedMap;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Short texts by name, durable and shared by all who sell on a ledger: what must be known again
 * after a restart, or by another process, and belongs to no tab.
 *
 * <p>A stage completes, on whatever thread, after what it did is on disk. It fails with {@link
 * LedgerUnavailable} where it is unknown whether anything was written: who must know lists.
 */
public interface Notes {
  /** The longest name, in characters. Names are of printable ASCII. */
  int MAX_NAME_LENGTH = 200;

  /** The longest value, in characters. */
  int MAX_VALUE_LENGTH = 131_072;

  /** The most notes that one listing gives. */
  int MAX_LISTED = 1_000;

  /**
   * Changes a note if it is as expected, at once for everybody.
   *
   * @param expected what it must hold, or null for that it must not be there
   * @param next what it shall hold, or null to remove it
   * @return whether it was as expected; else nothing was changed
   * @throws IllegalArgumentException if the name or the value is too long, or both values are null
   */
  CompletionStage<Boolean> swap(String name, @Nullable String expected, @Nullable String next);

  /** The first {@link #MAX_LISTED} notes whose names begin so, in the order of their names. */
  CompletionStage<SortedMap<String, String>> list(String prefix);

  /**
   * Checks a swap before it is tried.
   *
   * @throws IllegalArgumentException as {@link #swap} does
   */
  static void requireValid(String name, @Nullable String expected, @Nullable String next) {
    if (name.isEmpty()
        || name.length() > MAX_NAME_LENGTH
        || !name.chars().allMatch(each -> each > ' ' && each < 0x7f)) {
      throw new IllegalArgumentException("no name for a note: " + name);
    }
    if (expected == null && next == null) {
      throw new IllegalArgumentException("a swap of nothing for nothing: " + name);
    }
    if (next != null && (next.length() > MAX_VALUE_LENGTH || next.indexOf('\0') >= 0)) {
      throw new IllegalArgumentException("no value for the note " + name);
    }
  }
}
