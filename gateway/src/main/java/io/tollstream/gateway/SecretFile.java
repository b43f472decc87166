package io.tollstream.gateway;

import io.tollstream.channels.evm.PrivateFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/** Reads a secret from a file that nobody else may read. */
final class SecretFile {
  private SecretFile() {}

  /**
   * Makes an empty file that nobody else may read.
   *
   * @throws IOException if it exists already, or cannot be made
   */
  static void create(Path file) throws IOException {
    Path directory = file.toAbsolutePath().getParent();
    boolean posix =
        directory != null && Files.getFileStore(directory).supportsFileAttributeView("posix");
    if (posix) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    } else {
      Files.createFile(file);
    }
  }

  /** Puts what was written on the disk. */
  static void sync(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  /**
   * The file's bytes, as they are.
   *
   * @throws IOException if there is no such file, or others may read or replace it
   */
  static byte[] read(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException(file + " is missing; make one: head -c 32 /dev/urandom > " + file);
    }
    return PrivateFile.read(file);
  }
}
