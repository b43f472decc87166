package io.tollstream.channels.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * The disk under one directory, as another process sees it: {@code faults.c}, which says more, is
 * loaded there before the C library and obeys what this writes into the file that both map.
 */
final class FaultyDisk {
  static final int EIO = 5;

  private static final Path SOURCE = Path.of("src/test/native/faults.c");
  private static final int NO_END = -1;

  // The words of the C file's struct control, in its order.
  private static final int ATTACHED = 0;
  private static final int WRITE_ERROR = 1;
  private static final int TORN = 2;
  private static final int FULL = 3;
  private static final int SHORTEN = 4;
  private static final int SYNC_ERROR = 5;
  private static final int SYNC_ERRORS = 6;
  private static final int SYNC_MICROS = 7;
  private static final int REMEMBER = 8;
  private static final int STRUCK = 9;
  private static final int WORDS = 16;

  private static final List<String> FILES = List.of("ledger.db", "ledger.db-wal");
  private static final int PAGES = 32_768;
  private static final int PAGE = 4096;
  private static final int STATES_AT = WORDS * Integer.BYTES;
  private static final int IMAGES_AT = STATES_AT + FILES.size() * PAGES;

  private static final byte FREE = 0;
  private static final byte LOST = 3;

  private final Path library;
  private final Path control;
  private final Path directory;
  private final MappedByteBuffer shared;

  /**
   * A disk without faults.
   *
   * @param work where its files go
   * @param directory what may fail; it need not exist yet
   */
  FaultyDisk(Path work, Path directory) throws IOException, InterruptedException {
    this.directory = work.toRealPath().resolve(work.relativize(directory));
    library = compile(work.resolve("faults.so"));
    control = work.resolve("faults.control");
    try (FileChannel file =
        FileChannel.open(
            control,
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      shared = file.map(MapMode.READ_WRITE, 0, IMAGES_AT + (long) FILES.size() * PAGES * PAGE);
    }
    shared.order(ByteOrder.nativeOrder());
  }

  private static Path compile(Path library) throws IOException, InterruptedException {
    List<String> gcc = new ArrayList<>(List.of("gcc", "-shared", "-fPIC", "-O2"));
    gcc.addAll(List.of("-Wall", "-Wextra", "-Werror"));
    gcc.addAll(List.of("-o", library.toString(), SOURCE.toString()));
    assertEquals(0, new ProcessBuilder(gcc).inheritIO().start().waitFor(), "gcc's status");
    return library;
  }

  /** Puts the process that is about to start on this disk. */
  void under(ProcessBuilder process) {
    set(ATTACHED, 0);
    process.environment().put("LD_PRELOAD", library.toString());
    process.environment().put("FAULTS_CONTROL", control.toString());
    process.environment().put("FAULTS_UNDER", directory.toString());
  }

  /** Nothing is tested where the process went past this disk. */
  void requireUnder(Process process) {
    assertEquals(process.pid(), get(ATTACHED), "the process is not on the faulty disk");
  }

  private int get(int word) {
    return shared.getInt(word * Integer.BYTES);
  }

  private void set(int word, int value) {
    shared.putInt(word * Integer.BYTES, value);
  }

  void failWrites(int error) {
    set(WRITE_ERROR, error);
  }

  /** Writes fail after half of their bytes. */
  void tearWrites(int error) {
    set(TORN, 1);
    failWrites(error);
  }

  /** No file grows any more. */
  void fill() {
    set(FULL, 1);
  }

  void failSyncs(int error) {
    failSyncs(error, NO_END);
  }

  void failSyncs(int error, int count) {
    set(SYNC_ERROR, error);
    set(SYNC_ERRORS, count);
  }

  /** Writes write as much as they please, and say how much. */
  void shortenWrites() {
    set(SHORTEN, 1);
  }

  void delaySyncs(int micros) {
    set(SYNC_MICROS, micros);
  }

  /** Works again. */
  void mend() {
    for (int word : List.of(SYNC_ERRORS, WRITE_ERROR, TORN, FULL, SHORTEN)) {
      set(word, 0);
    }
  }

  /** How many writes and syncs did not do as they were told. */
  int struck() {
    return get(STRUCK);
  }

  /** So many more syncs were told to fail. */
  int syncErrorsLeft() {
    return get(SYNC_ERRORS);
  }

  /** From now on {@link #cutPower} knows what to take away. */
  void remember() {
    set(REMEMBER, 1);
  }

  /**
   * Takes away what a dead process wrote and no sync put on the disk: all of what a failed sync
   * left behind, and, as a disk writes in whatever order it likes, some of the rest.
   *
   * @return how many pages are as they were before
   */
  int cutPower(Random random) throws IOException {
    int back = 0;
    for (int page = 0; page < FILES.size() * PAGES; page++) {
      byte state = shared.get(STATES_AT + page);
      if (state == LOST || (state != FREE && random.nextBoolean())) {
        restore(page);
        back++;
      }
      shared.put(STATES_AT + page, FREE);
    }
    return back;
  }

  private void restore(int page) throws IOException {
    Path path = directory.resolve(FILES.get(page / PAGES));
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
      ByteBuffer image = shared.slice(IMAGES_AT + page * PAGE, PAGE);
      long at = (long) (page % PAGES) * PAGE;
      while (image.hasRemaining()) {
        at += file.write(image, at);
      }
    }
  }
}
