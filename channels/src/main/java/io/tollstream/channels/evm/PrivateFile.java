package io.tollstream.channels.evm;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;

/**
 * A file that holds a secret. Nobody but its owner may read it, or put another in its place: who
 * can write to a directory above it can. Messages name files and what to do, never what is in them.
 */
public final class PrivateFile {
  /** The most that is read. */
  public static final int MAX_BYTES = 64 * 1024;

  /** In a directory with this bit, as /tmp has it, files are replaced by their owners only. */
  private static final int STICKY = 01000;

  private static final Set<PosixFilePermission> OWNER_ONLY =
      EnumSet.of(
          PosixFilePermission.OWNER_READ,
          PosixFilePermission.OWNER_WRITE,
          PosixFilePermission.OWNER_EXECUTE);

  private PrivateFile() {}

  /**
   * The file's bytes.
   *
   * @throws IOException if it cannot be read, is too long, or is not private
   */
  public static byte[] read(Path file) throws IOException {
    requirePrivate(file);
    if (Files.size(file) > MAX_BYTES) {
      throw new IOException(file + " is too long to be a secret");
    }
    return Files.readAllBytes(file);
  }

  private static void requirePrivate(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException(file + " is not a file");
    }
    if (!isPosix()) {
      return;
    }
    if (!OWNER_ONLY.containsAll(Files.getPosixFilePermissions(file))) {
      throw new IOException(
          file + " holds a secret and others than its owner can reach it; run: chmod 600 " + file);
    }
    requireInPlace(file, file.toAbsolutePath().normalize());
    requireInPlace(file, file.toRealPath()); // where links lead
  }

  private static void requireInPlace(Path file, Path named) throws IOException {
    for (Path above = named.getParent(); above != null; above = above.getParent()) {
      if (isWritableByOthers(above)) {
        throw new IOException(
            "%s can be replaced by others, who may write to %s; run: chmod go-w %s"
                .formatted(file, above, above));
      }
    }
  }

  private static boolean isWritableByOthers(Path directory) throws IOException {
    Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(directory);
    return (permissions.contains(PosixFilePermission.GROUP_WRITE)
            || permissions.contains(PosixFilePermission.OTHERS_WRITE))
        && !isSticky(directory);
  }

  private static boolean isSticky(Path directory) throws IOException {
    return FileSystems.getDefault().supportedFileAttributeViews().contains("unix")
        && ((Integer) Files.getAttribute(directory, "unix:mode", new LinkOption[0]) & STICKY) != 0;
  }

  static boolean isPosix() {
    return FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
  }
}
