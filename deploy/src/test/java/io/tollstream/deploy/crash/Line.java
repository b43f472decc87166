package io.tollstream.deploy.crash;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/1.1 connection on a bare socket. It counts every byte of a body that arrived, and never
 * takes one that broke off for one that ended.
 */
final class Line implements AutoCloseable {
  private static final int BUFFER_BYTES = 64 * 1024;
  private static final int CONNECT_MILLIS = 5_000;
  private static final int ANSWER_MILLIS = 30_000;

  private final Socket socket = new Socket();
  private final InputStream in;
  private final ByteArrayOutputStream text = new ByteArrayOutputStream();
  private Map<String, String> headers = new HashMap<>();
  private boolean chunked;
  private boolean betweenChunks;
  private boolean inTrailers;
  private boolean whole = true;
  private long left; // of the body, or of its present chunk

  Line(int port) throws IOException {
    socket.setReceiveBufferSize(BUFFER_BYTES); // what a reader breaks off shall not be much
    try {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MILLIS);
      socket.setTcpNoDelay(true);
      in = new BufferedInputStream(socket.getInputStream(), BUFFER_BYTES);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** Sends a request without a body, and reads the head of its answer; the status. */
  int ask(String method, String path, List<String> fields) throws IOException {
    send(method, path, fields);
    return head(method);
  }

  void send(String method, String path, List<String> fields) throws IOException {
    StringBuilder request = new StringBuilder(method + " " + path + " HTTP/1.1\r\n");
    request.append("Host: gateway.example\r\n");
    fields.forEach(field -> request.append(field).append("\r\n"));
    socket.getOutputStream().write(request.append("\r\n").toString().getBytes(ISO_8859_1));
  }

  /** Whether an answer, or the connection's end, comes in this time. */
  boolean isAnswered(int withinMillis) throws IOException {
    socket.setSoTimeout(withinMillis);
    in.mark(1);
    try {
      in.read();
      in.reset();
      return true;
    } catch (SocketTimeoutException notYet) {
      return false;
    }
  }

  /** Reads the head of the answer; the status. */
  int head(String method) throws IOException {
    socket.setSoTimeout(ANSWER_MILLIS);
    String status = line();
    headers = new HashMap<>();
    readFields();
    int code = Integer.parseInt(status.split(" ", 3)[1]);
    frame(method.equals("HEAD") || code == 204 || code == 304);
    return code;
  }

  private void frame(boolean bodiless) {
    String length = headers.get("content-length");
    chunked = headers.containsKey("transfer-encoding");
    betweenChunks = false;
    inTrailers = false;
    left = bodiless || chunked || length == null ? 0 : Long.parseLong(length);
    whole = bodiless || (!chunked && left == 0);
  }

  /** A field of the answer's head or, once its body is whole, of its trailers. */
  @Nullable String field(String name) {
    return headers.get(name.toLowerCase(Locale.ROOT));
  }

  /** The length that the answer's head tells, or {@code otherwise}. */
  long length(long otherwise) {
    String length = headers.get("content-length");
    return length == null ? otherwise : Long.parseLong(length);
  }

  void setPatienceMillis(int millis) throws IOException {
    socket.setSoTimeout(millis);
  }

  /**
   * Body bytes that have come.
   *
   * @return how many, or -1 at the body's proper end
   * @throws SocketTimeoutException if none come in time; ask again
   * @throws IOException if the body broke off
   */
  int read(byte[] buffer) throws IOException {
    if (chunked && left == 0 && !whole) {
      nextChunk();
    }
    if (whole) {
      return -1;
    }
    int count = in.read(buffer, 0, (int) Math.min(buffer.length, left));
    if (count < 0) {
      throw new EOFException("the body broke off");
    }
    left -= count;
    betweenChunks = chunked && left == 0;
    whole = !chunked && left == 0;
    return count;
  }

  /** Reads what is left of an answer that nobody counts. */
  String drain() throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    StringBuilder body = new StringBuilder();
    for (int count = read(buffer); count >= 0; count = read(buffer)) {
      body.append(new String(buffer, 0, count, ISO_8859_1));
    }
    return body.toString();
  }

  private void nextChunk() throws IOException {
    if (betweenChunks) {
      line();
      betweenChunks = false;
    }
    if (!inTrailers) {
      left = Long.parseLong(line(), 16);
      inTrailers = left == 0;
    }
    if (inTrailers) {
      readFields();
      whole = true;
    }
  }

  /** Adds the trailers, if there are any, to the head's. */
  private void readFields() throws IOException {
    for (String field = line(); !field.isEmpty(); field = line()) {
      int colon = field.indexOf(':');
      headers.put(
          field.substring(0, colon).toLowerCase(Locale.ROOT), field.substring(colon + 1).strip());
    }
  }

  /** What a timeout cuts off is kept for the next attempt. */
  private String line() throws IOException {
    for (int c = in.read(); c >= 0; c = in.read()) {
      if (c == '\n') {
        String line = text.toString(ISO_8859_1).stripTrailing();
        text.reset();
        return line;
      }
      text.write(c);
    }
    throw new EOFException("the connection ended");
  }

  /** Ends the connection at once, without a farewell. */
  void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
