package io.tollstream.deploy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One HTTP/1.1 connection on a bare socket, so that what is measured through it is the server and
 * the network, not a client's machinery. Understands what the gateway answers with: a length, never
 * chunks.
 */
final class KeepAliveConnection implements AutoCloseable {
  private static final int BUFFER_BYTES = 64 * 1024;

  private final String host;
  private final Socket socket;
  private final byte[] buffer = new byte[BUFFER_BYTES];

  /**
   * An answer and when it came.
   *
   * @param firstByteNanos from before the request was written to when the first body byte was here
   */
  record Answer(int status, List<String> headers, long firstByteNanos) {
    /** The values of a header. */
    List<String> values(String name) {
      String prefix = name.toLowerCase(Locale.ROOT) + ":";
      return headers.stream()
          .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(prefix))
          .map(line -> line.substring(prefix.length()).strip())
          .toList();
    }
  }

  KeepAliveConnection(URI server) throws IOException {
    host = server.getAuthority();
    socket = new Socket(server.getHost(), server.getPort());
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(30_000);
  }

  /** Asks, and reads the answer to its last byte. */
  Answer get(String path, List<String> headers) throws IOException {
    StringBuilder request =
        new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n");
    headers.forEach(header -> request.append(header).append("\r\n"));
    byte[] bytes = request.append("\r\n").toString().getBytes(ISO_8859_1);

    long startNanos = System.nanoTime();
    socket.getOutputStream().write(bytes);
    return read(startNanos);
  }

  private Answer read(long startNanos) throws IOException {
    InputStream in = socket.getInputStream();
    int filled = 0;
    int headEnd = -1;
    while (headEnd < 0) {
      filled += atLeastOne(in.read(buffer, filled, buffer.length - filled));
      headEnd = headEnd(filled);
    }
    List<String> lines = new ArrayList<>(List.of(head(headEnd).split("\r\n")));
    int status = Integer.parseInt(lines.remove(0).split(" ")[1]);
    Answer head = new Answer(status, List.copyOf(lines), 0);
    long left = length(head) - (filled - headEnd);
    boolean bodyHere = filled > headEnd;
    long firstByteNanos = bodyHere ? System.nanoTime() - startNanos : 0;
    while (left > 0) {
      left -= atLeastOne(in.read(buffer, 0, (int) Math.min(left, buffer.length)));
      if (firstByteNanos == 0) {
        firstByteNanos = System.nanoTime() - startNanos;
      }
    }
    return new Answer(status, head.headers(), firstByteNanos);
  }

  private String head(int end) {
    return new String(buffer, 0, end, ISO_8859_1);
  }

  /** The index after the empty line, or -1 where it has not come yet. */
  private int headEnd(int filled) {
    int end = head(filled).indexOf("\r\n\r\n");
    return end < 0 ? -1 : end + 4;
  }

  private static long length(Answer head) {
    List<String> lengths = head.values("Content-Length");
    return lengths.isEmpty() ? 0 : Long.parseLong(lengths.get(0));
  }

  private static int atLeastOne(int read) throws EOFException {
    if (read <= 0) {
      throw new EOFException("the connection ended within an answer");
    }
    return read;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
