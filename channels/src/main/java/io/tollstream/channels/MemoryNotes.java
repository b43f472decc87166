package io.tollstream.channels;

import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Notes that last as long as the process, for who loses nothing by forgetting them. */
public final class MemoryNotes implements Notes {
  private final SortedMap<String, String> notes = new TreeMap<>();

  @Override
  public synchronized CompletionStage<Boolean> swap(
      String name, @Nullable String expected, @Nullable String next) {
    Notes.requireValid(name, expected, next);
    boolean matches = Objects.equals(notes.get(name), expected);
    if (matches && next == null) {
      notes.remove(name);
    } else if (matches && next != null) {
      notes.put(name, next);
    }
    return CompletableFuture.completedStage(matches);
  }

  @Override
  public synchronized CompletionStage<SortedMap<String, String>> list(String prefix) {
    SortedMap<String, String> listed = new TreeMap<>();
    notes.tailMap(prefix).entrySet().stream()
        .takeWhile(note -> note.getKey().startsWith(prefix))
        .limit(MAX_LISTED)
        .forEach(note -> listed.put(note.getKey(), note.getValue()));
    return CompletableFuture.completedStage(listed);
  }
}
