package io.tollstream.gateway.payer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import io.tollstream.channels.ChannelId;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The payer's channels on disk: one JSON file each, readable by their owner only, replaced as a
 * whole and forced to the disk before anything is done upon them. No key is ever in them.
 *
 * <p>A channel belongs to the process that holds its {@link Lease}; another process leaves it alone
 * and says so. Every method blocks: none belongs on an event loop.
 */
final class ChannelStore {
  private static final String SUFFIX = ".json";
  private static final long MAX_FILE_BYTES = 1 << 20;
  private static final Set<PosixFilePermission> FILE_MODE =
      PosixFilePermissions.fromString("rw-------");
  private static final Set<PosixFilePermission> DIRECTORY_MODE =
      PosixFilePermissions.fromString("rwx------");
  private static final Set<PosixFilePermission> OTHERS_WRITE =
      Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

  /** The sole right to change a channel's account, until closed or until the process ends. */
  interface Lease extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * What the directory holds.
   *
   * @param unreadable files that hold no account; each keeps its channel's id in its name
   */
  record Contents(List<ChannelAccount> accounts, List<Path> unreadable) {}

  private final Path directory;

  private ChannelStore(Path directory) {
    this.directory = directory;
  }

  /**
   * Opens the store, creating what is missing.
   *
   * @throws StateException if the directory cannot be used, or others may write into it
   */
  static ChannelStore open(Path state) {
    Path directory = state.resolve("channels");
    try {
      createDirectory(state);
      createDirectory(directory);
    } catch (IOException e) {
      throw new StateException("cannot use --state " + state + ": " + e, e);
    }
    return new ChannelStore(directory);
  }

  private static void createDirectory(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(directory);
      if (isPosix(directory)) {
        Files.setPosixFilePermissions(directory, DIRECTORY_MODE);
      }
    }
    if (isPosix(directory)) {
      requireOwned(directory);
    }
  }

  private static void requireOwned(Path directory) throws IOException {
    for (PosixFilePermission permission : Files.getPosixFilePermissions(directory)) {
      if (OTHERS_WRITE.contains(permission)) {
        throw new StateException(
            "others may write to " + directory + "; run chmod 700 on it, or name another --state");
      }
    }
  }

  private static boolean isPosix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  /** Everything there is, oldest channel first. */
  Contents contents() {
    List<ChannelAccount> accounts = new ArrayList<>();
    List<Path> unreadable = new ArrayList<>();
    for (Path file : files()) {
      ChannelAccount account = read(file);
      if (account == null) {
        unreadable.add(file);
      } else {
        accounts.add(account);
      }
    }
    accounts.sort((one, other) -> one.openedAt().compareTo(other.openedAt()));
    return new Contents(List.copyOf(accounts), List.copyOf(unreadable));
  }

  private List<Path> files() {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(SUFFIX)).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The account of a channel as it is on disk now, or null where there is none to be read. */
  @Nullable ChannelAccount find(ChannelId id) {
    return read(file(id));
  }

  private static @Nullable ChannelAccount read(Path file) {
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > MAX_FILE_BYTES) {
        return null;
      }
      ChannelAccount account = AccountCodec.decode(new JsonObject(Files.readString(file)));
      return file.endsWith(account.id().hex() + SUFFIX) ? account : null;
    } catch (IOException | RuntimeException unreadable) {
      return null;
    }
  }

  /** Replaces the account of a channel; on return it is on the disk. */
  void save(ChannelAccount account) {
    Path file = file(account.id());
    Path next = file.resolveSibling(account.id().hex() + ".next");
    try {
      write(next, AccountCodec.encode(account).encodePrettily() + "\n");
      replace(next, file);
      forceDirectory();
    } catch (IOException e) {
      throw new StateException("cannot write " + file + ": " + e, e);
    }
  }

  private static void write(Path file, String text) throws IOException {
    createOwnerOnly(file);
    try (FileChannel channel = FileChannel.open(file, WRITE, TRUNCATE_EXISTING)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
  }

  private static void createOwnerOnly(Path file) throws IOException {
    try {
      if (isPosix(file)) {
        Files.createFile(file, PosixFilePermissions.asFileAttribute(FILE_MODE));
      } else {
        Files.createFile(file);
      }
    } catch (FileAlreadyExistsException left) {
      // A crash left it behind; it is truncated.
    }
  }

  private static void replace(Path next, Path file) throws IOException {
    try {
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private void forceDirectory() throws IOException {
    try (FileChannel channel = FileChannel.open(directory, READ)) {
      channel.force(true);
    } catch (IOException notPossible) {
      if (isPosix(directory)) {
        throw notPossible;
      }
    }
  }

  /** Forgets a channel that never came to be. */
  void forget(ChannelId id) {
    try {
      Files.deleteIfExists(file(id));
      Files.deleteIfExists(lock(id));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path lock(ChannelId id) {
    return directory.resolve(id.hex() + ".lock");
  }

  /** Takes a channel for this process, or gives null where another one has it. */
  @Nullable Lease lease(ChannelId id) {
    try {
      Path file = lock(id);
      createOwnerOnly(file);
      return hold(FileChannel.open(file, CREATE, WRITE));
    } catch (IOException e) {
      throw new StateException("cannot lock a channel in " + directory + ": " + e, e);
    }
  }

  private static @Nullable Lease hold(FileChannel channel) throws IOException {
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException held) {
      lock = null;
    }
    if (lock == null) {
      channel.close();
      return null;
    }
    return () -> {
      try {
        channel.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    };
  }

  private Path file(ChannelId id) {
    return directory.resolve(id.hex() + SUFFIX);
  }
}
