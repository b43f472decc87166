package io.tollstream.channels.ledger;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteErrorCode;

/**
 * The write-ahead log as an earlier connection left it, looked at before the next one builds on it.
 *
 * <p>After a failed fsync Linux takes the pages for clean, though they never reached the disk: they
 * still read well, and the next fsync succeeds without writing them (Rebello et al., "Can
 * Applications Recover from fsync Failures?", USENIX ATC 2020). SQLite's recovery would find there
 * a commit that nobody was told of, and append behind it what is acknowledged; a power cut then
 * ends the log before both. So all that recovery will find is written once more and synced first.
 *
 * <p>Recovery ends the log at the first frame whose checksum is wrong, and says nothing: right for
 * the commit that a crash cut short, wrong for a log that has rotten. Each commit is synced before
 * the next is written, and a commit that failed is written over. So where two commits hang together
 * behind the end, the first of them was acknowledged, and the log is refused.
 *
 * <p>The format is that of sqlite.org/fileformat2.html, section 4.
 */
final class SqliteLog implements AutoCloseable {
  private static final int HEADER_BYTES = 32;
  private static final int FRAME_HEADER_BYTES = 24;
  private static final int MAGIC = 0x377f0682;
  private static final int MAX_PAGE_BYTES = 65_536;

  /** SQLite's running checksum. */
  private record Checksum(int first, int second) {
    static Checksum at(ByteBuffer bytes, int at) {
      return new Checksum(bytes.getInt(at), bytes.getInt(at + Integer.BYTES));
    }

    Checksum over(ByteBuffer words, int from, int to) {
      int a = first;
      int b = second;
      for (int i = from; i < to; i += 2 * Integer.BYTES) {
        a += words.getInt(i) + b;
        b += words.getInt(i + Integer.BYTES) + a;
      }
      return new Checksum(a, b);
    }
  }

  private final Path path;
  private final FileChannel file;
  private final ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);

  /** The frame that was read last, and the same bytes in the byte order of the checksums. */
  private ByteBuffer frame = ByteBuffer.allocate(0);

  private ByteBuffer words = frame;

  private SqliteLog(Path path) throws IOException {
    this.path = path;
    this.file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  /**
   * Makes durable what recovery will find in the log of a database. Nobody may be writing to it.
   *
   * @throws SQLException if that fails, or recovery would not find all that was acknowledged
   */
  static void settle(Path database) throws SQLException {
    Path path = database.resolveSibling(database.getFileName() + "-wal");
    if (Files.notExists(path)) {
      return;
    }
    try (SqliteLog log = new SqliteLog(path)) {
      log.settle();
    } catch (IOException e) {
      throw failure(path + ": " + e.getMessage(), SQLiteErrorCode.SQLITE_IOERR, e);
    }
  }

  private static SQLException failure(
      String reason, SQLiteErrorCode code, @Nullable IOException cause) {
    return new SQLException(reason, null, code.code, cause);
  }

  private void settle() throws IOException, SQLException {
    if (!readHeader()) {
      return;
    }
    file.write(header.rewind(), 0);
    long end = HEADER_BYTES;
    Checksum last = Checksum.at(header, 24);
    while (readFrame(end) && follows(last)) {
      last = checksum();
      write(end);
      end += frame.capacity();
    }
    file.force(false);
    requireTheEnd(end);
  }

  /** Whether there is a header; SQLite takes a log without one for empty. */
  private boolean readHeader() throws IOException {
    if (!read(header, 0) || (header.getInt(0) & ~1) != MAGIC) {
      return false;
    }
    ByteOrder order = (header.getInt(0) & 1) == 0 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
    Checksum sum = new Checksum(0, 0).over(header.duplicate().order(order), 0, 24);
    int pageBytes = header.getInt(8);
    if (!sum.equals(Checksum.at(header, 24)) || pageBytes < 512 || pageBytes > MAX_PAGE_BYTES) {
      return false;
    }
    frame = ByteBuffer.allocate(FRAME_HEADER_BYTES + pageBytes);
    words = frame.duplicate().order(order);
    return true;
  }

  /** Whether there is a whole frame that was written since the log last started over. */
  private boolean readFrame(long at) throws IOException {
    return read(frame, at) && isOfThisRound();
  }

  private boolean isOfThisRound() {
    return frame.getLong(8) == header.getLong(16);
  }

  private boolean isCommit() {
    return frame.getInt(4) != 0;
  }

  private Checksum checksum() {
    return Checksum.at(frame, 16);
  }

  private boolean follows(Checksum before) {
    Checksum sum = before.over(words, 0, 8).over(words, FRAME_HEADER_BYTES, frame.capacity());
    return sum.equals(checksum());
  }

  private void write(long at) throws IOException {
    frame.rewind();
    for (long to = at; frame.hasRemaining(); ) {
      to += file.write(frame, to);
    }
  }

  private boolean read(ByteBuffer bytes, long at) throws IOException {
    bytes.clear();
    for (long from = at; bytes.hasRemaining(); ) {
      int count = file.read(bytes, from);
      if (count < 0) {
        return false;
      }
      from += count;
    }
    return true;
  }

  /** Looks for two commits that hang together behind the frame that recovery stops at. */
  private void requireTheEnd(long end) throws IOException, SQLException {
    int commits = 0;
    @Nullable Checksum before = null;
    for (long at = end; read(frame, at); at += frame.capacity()) {
      if (before == null || !isOfThisRound() || !follows(before)) {
        commits = 0;
      }
      commits += isOfThisRound() && isCommit() ? 1 : 0;
      if (commits > 1) {
        String where = path + " at byte " + end + ", with acknowledged payments behind it";
        throw failure(where, SQLiteErrorCode.SQLITE_CORRUPT, null);
      }
      before = checksum();
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
