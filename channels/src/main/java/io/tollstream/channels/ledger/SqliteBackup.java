package io.tollstream.channels.ledger;

import io.tollstream.channels.LedgerUnavailable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;

/**
 * Copies an embedded ledger while a gateway runs on it: one snapshot, compact and checked, that is
 * a ledger itself once it is called {@code ledger.db} in a directory (sqlite.org/lang_vacuum.html).
 */
public final class SqliteBackup {
  private SqliteBackup() {}

  /**
   * Writes the copy, which only its owner can read.
   *
   * @throws FileAlreadyExistsException if the file exists
   * @throws LedgerUnavailable if there is no ledger in the directory, or the copy is not in order
   */
  public static void write(Path directory, Path to) throws IOException {
    if (Files.exists(to)) {
      throw new FileAlreadyExistsException(to + " exists already");
    }
    Path file = LedgerDirectory.database(directory);
    if (!Files.isRegularFile(file)) {
      throw new LedgerUnavailable("there is no ledger in " + directory);
    }
    Path part = to.resolveSibling(to.getFileName() + ".part");
    Files.deleteIfExists(part);
    try {
      LedgerDirectory.createFile(part);
      copy(file, part);
      sync(part);
      Files.move(part, to, StandardCopyOption.ATOMIC_MOVE);
      sync(Objects.requireNonNull(to.toAbsolutePath().getParent()));
    } catch (SQLException e) {
      throw new LedgerUnavailable("the ledger was not copied: " + e.getMessage(), e);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static void copy(Path file, Path part) throws SQLException {
    try (Connection connection = SqliteFile.at(file).reader();
        PreparedStatement vacuum = connection.prepareStatement("VACUUM INTO ?")) {
      vacuum.setString(1, part.toString());
      vacuum.execute();
    }
    try (Connection connection = SqliteFile.at(part).reader();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("PRAGMA integrity_check")) {
      Schema.requireCurrent(connection);
      if (!"ok".equals(row.getString(1))) {
        throw new LedgerUnavailable("the copy is damaged: " + row.getString(1));
      }
    }
  }

  private static void sync(Path path) throws IOException {
    boolean directory = Files.isDirectory(path);
    try (FileChannel channel =
        FileChannel.open(path, directory ? StandardOpenOption.READ : StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }
}
