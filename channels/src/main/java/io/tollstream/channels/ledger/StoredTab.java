package io.tollstream.channels.ledger;

import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.Tab;
import org.jspecify.annotations.Nullable;

/**
 * A tab as it was read.
 *
 * @param revision how often it had been changed by then; -1 where there is none
 */
record StoredTab(@Nullable Tab tab, long revision, @Nullable LedgerUnavailable unreadable) {
  static final StoredTab NONE = new StoredTab(null, -1, null);

  static StoredTab of(Tab tab, long revision) {
    return new StoredTab(tab, revision, null);
  }

  /** One whose rows make no tab: whoever needs it fails, and nobody else. */
  static StoredTab unreadable(LedgerUnavailable why) {
    return new StoredTab(null, -1, why);
  }

  /**
   * The tab, or null where there is none.
   *
   * @throws LedgerUnavailable if it cannot be read
   */
  @Nullable Tab readable() {
    if (unreadable != null) {
      throw unreadable;
    }
    return tab;
  }
}
