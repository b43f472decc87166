package io.tollstream.channels.ledger;

import io.tollstream.channels.LedgerUnavailable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * A directory that one process has to itself, and that nobody but its owner can look into: the
 * vouchers' signatures in it are money.
 *
 * @param lock an open file that is locked until it is closed
 */
record LedgerDirectory(Path path, FileChannel lock) implements AutoCloseable {
  private static final String DATABASE = "ledger.db";
  private static final String LOCK = "ledger.lock";

  private static final Set<PosixFilePermission> OWNER_FILE =
      PosixFilePermissions.fromString("rw-------");
  private static final Set<PosixFilePermission> OWNER_DIRECTORY =
      PosixFilePermissions.fromString("rwx------");

  /**
   * Takes the directory, creating it where it is missing.
   *
   * @throws LedgerUnavailable if another process has it, or it cannot be written
   */
  static LedgerDirectory take(Path path) {
    try {
      Files.createDirectories(path, onlyFor(path, OWNER_DIRECTORY));
      createFile(path.resolve(DATABASE));
      createFile(path.resolve(LOCK));
      return new LedgerDirectory(path, lock(path));
    } catch (IOException e) {
      throw new LedgerUnavailable(
          "the ledger's directory " + path + " cannot be used: " + reason(e), e);
    }
  }

  /** The file system's words, without its path where there is more than that. */
  private static String reason(IOException e) {
    String kind = e.getClass().getSimpleName().replace("Exception", "");
    return e.getMessage() == null ? kind : kind + ", " + e.getMessage();
  }

  private static FileChannel lock(Path path) throws IOException {
    FileChannel channel = FileChannel.open(path.resolve(LOCK), StandardOpenOption.WRITE);
    try {
      if (channel.tryLock() != null) {
        return channel;
      }
    } catch (OverlappingFileLockException heldByUs) {
      channel.close();
      throw inUse(path);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    channel.close();
    throw inUse(path);
  }

  private static LedgerUnavailable inUse(Path path) {
    return new LedgerUnavailable(
        "the ledger's directory " + path + " is in use by another gateway: one at a time");
  }

  /** SQLite gives the files beside the database its permissions. */
  static void createFile(Path file) throws IOException {
    if (Files.notExists(file)) {
      Files.createFile(file, onlyFor(file, OWNER_FILE));
    } else if (isPosix(file)) {
      Files.setPosixFilePermissions(file, OWNER_FILE);
    }
  }

  private static FileAttribute<?>[] onlyFor(Path path, Set<PosixFilePermission> permissions) {
    return isPosix(path)
        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(permissions)}
        : new FileAttribute<?>[0];
  }

  private static boolean isPosix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  Path database() {
    return database(path);
  }

  static Path database(Path directory) {
    return directory.resolve(DATABASE);
  }

  @Override
  public void close() {
    try {
      lock.close();
    } catch (IOException e) {
      // The lock goes with the process at the latest.
    }
  }
}
