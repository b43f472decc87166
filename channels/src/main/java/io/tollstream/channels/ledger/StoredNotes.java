package io.tollstream.channels.ledger;

import io.tollstream.channels.Notes;
import java.util.SortedMap;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Notes beside the tabs, written by the same thread over the same connection. */
final class StoredNotes implements Notes {
  private final GroupCommit commits;

  StoredNotes(GroupCommit commits) {
    this.commits = commits;
  }

  @Override
  public CompletionStage<Boolean> swap(
      String name, @Nullable String expected, @Nullable String next) {
    Notes.requireValid(name, expected, next);
    return commits.aside(store -> store.swap(name, expected, next));
  }

  @Override
  public CompletionStage<SortedMap<String, String>> list(String prefix) {
    return commits.aside(store -> store.notes(prefix));
  }
}
