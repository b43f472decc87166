package io.tollstream.gateway.payer;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;

/**
 * Where a download goes: {@code FILE.part} with {@code FILE.part.json} beside it, which says what
 * it is a part of, until it is whole; or a stream that cannot be taken up again. Its methods block.
 */
final class Download implements AutoCloseable {
  /**
   * What an earlier run left.
   *
   * @param validator the strong validator of the representation that it is a part of
   */
  record Left(long bytes, String validator) {}

  private final String origin;
  private final @Nullable Path file;
  private final @Nullable OutputStream stream;
  private @Nullable FileChannel part;
  private String uri = "";
  private long streamed;

  private Download(String origin, @Nullable Path file, @Nullable OutputStream stream) {
    this.origin = origin;
    this.file = file;
    this.stream = stream;
  }

  static Download to(Path file, GatewayOrigin origin) {
    return new Download(origin.toString(), file, null);
  }

  static Download toStandardOutput(GatewayOrigin origin) {
    return new Download(origin.toString(), null, System.out);
  }

  /** Looks for what an earlier run left of the same URL, or null. */
  @Nullable Left begin(String uri) throws IOException {
    this.uri = uri;
    if (file == null || !Files.isRegularFile(note(file)) || !Files.isRegularFile(part(file))) {
      return null;
    }
    try {
      JsonObject note = new JsonObject(Files.readString(note(file)));
      String validator = note.getString("validator");
      long bytes = Files.size(part(file));
      boolean same = (origin + uri).equals(note.getString("url"));
      return same && validator != null && bytes > 0 ? new Left(bytes, validator) : null;
    } catch (RuntimeException unreadable) {
      return null;
    }
  }

  /** Goes on writing at a position; what the part held from there on is dropped. */
  @Nullable Void continueAt(long position, @Nullable String validator) throws IOException {
    if (file == null) {
      if (position != streamed) {
        throw new IOException("cannot go on at " + position + " of what was printed already");
      }
      return null;
    }
    close();
    Files.deleteIfExists(note(file));
    FileChannel channel = FileChannel.open(part(file), CREATE, WRITE);
    part = channel;
    channel.truncate(position);
    channel.position(position);
    Files.writeString(note(file), noteOf(validator).encodePrettily() + "\n");
    return null;
  }

  private JsonObject noteOf(@Nullable String validator) {
    return new JsonObject().put("url", origin + uri).put("validator", validator);
  }

  void write(Buffer buffer) throws IOException {
    if (stream != null) {
      stream.write(buffer.getBytes());
      streamed += buffer.length();
    } else if (part != null) {
      ByteBuffer bytes = ByteBuffer.wrap(buffer.getBytes());
      while (bytes.hasRemaining()) {
        part.write(bytes);
      }
    }
  }

  /** All of it is there: on the disk, and under its name. */
  void finish() throws IOException {
    if (stream != null) {
      stream.flush();
    }
    if (part != null && file != null) {
      part.force(true);
      close();
      Files.move(part(file), file, StandardCopyOption.REPLACE_EXISTING);
      Files.deleteIfExists(note(file));
    }
  }

  private static Path part(Path file) {
    return file.resolveSibling(file.getFileName() + ".part");
  }

  private static Path note(Path file) {
    return file.resolveSibling(file.getFileName() + ".part.json");
  }

  @Override
  public void close() throws IOException {
    FileChannel open = part;
    part = null;
    if (open != null) {
      open.close();
    }
  }
}
