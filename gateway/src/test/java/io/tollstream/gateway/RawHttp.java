package io.tollstream.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.vertx.core.buffer.Buffer;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/1 connection that hides nothing: it tells a body that ended from one that was cut off,
 * and a closed connection from a reset one. It sends whatever it is told.
 */
public final class RawHttp implements AutoCloseable {
  public static final int PATIENCE_MILLIS = 20_000;

  /** How a body stands. */
  public enum End {
    /** More is to come. */
    PENDING,
    WHOLE,
    /** The connection was closed before the body was whole. */
    TRUNCATED,
    RESET
  }

  /** Body bytes, and how the body stands after them. */
  public record Part(Buffer bytes, End end) {}

  /** A whole exchange. */
  public record Response(
      int status, Map<String, List<String>> headers, Buffer body, End end, String trailers) {
    public @Nullable String header(String name) {
      List<String> values = headers.get(name.toLowerCase(Locale.ROOT));
      return values == null ? null : values.get(0);
    }

    public String text() {
      return body.toString(ISO_8859_1);
    }
  }

  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private Map<String, List<String>> headers = Map.of();
  private final StringBuilder trailers = new StringBuilder();
  private boolean chunked;
  private boolean untilClose;
  private boolean afterChunk;
  private long left; // of the body, or of the chunk
  private End end = End.WHOLE;

  public RawHttp(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream(), 64 * 1024);
    out = socket.getOutputStream();
  }

  /** A request's text. */
  public static String request(String method, String target, String... headers) {
    StringBuilder text = new StringBuilder(method + " " + target + " HTTP/1.1\r\n");
    text.append("Host: gateway.example\r\n");
    for (String header : headers) {
      text.append(header).append("\r\n");
    }
    return text.append("\r\n").toString();
  }

  public void send(String text) throws IOException {
    out.write(text.getBytes(ISO_8859_1));
    out.flush();
  }

  /** Sends a request and reads all of its response. */
  public Response exchange(String method, String target, String... headers) throws IOException {
    send(request(method, target, headers));
    return response(method.equals("HEAD"));
  }

  /** Reads the next response to its end. */
  public Response response(boolean toHead) throws IOException {
    int status = head(toHead);
    Part part = read(Long.MAX_VALUE, PATIENCE_MILLIS);
    return new Response(status, headers, part.bytes(), part.end(), trailers.toString());
  }

  /** Reads a response's head, and tells its status; 0 where the connection ends instead. */
  public int head(boolean toHead) throws IOException {
    socket.setSoTimeout(PATIENCE_MILLIS);
    headers = new TreeMap<>();
    trailers.setLength(0);
    String status = readLine();
    if (status == null) {
      return 0;
    }
    for (String field = readLine(); field != null && !field.isEmpty(); field = readLine()) {
      int colon = field.indexOf(':');
      headers
          .computeIfAbsent(
              field.substring(0, colon).toLowerCase(Locale.ROOT), name -> new ArrayList<>())
          .add(field.substring(colon + 1).strip());
    }
    int code = Integer.parseInt(status.substring(9, 12));
    frame(toHead || code == 204 || code == 304 || code / 100 == 1);
    return code;
  }

  private void frame(boolean bodiless) {
    String length = header("content-length");
    chunked = header("transfer-encoding") != null;
    untilClose = !chunked && length == null;
    afterChunk = false;
    left = chunked || length == null ? 0 : Long.parseLong(length);
    boolean empty = bodiless || (!chunked && !untilClose && left == 0);
    end = empty ? End.WHOLE : End.PENDING;
  }

  public @Nullable String header(String name) {
    List<String> values = headers.get(name);
    return values == null ? null : values.get(0);
  }

  /** Reads until there are {@code max} bytes, the body ends, or nothing comes for a while. */
  public Part read(long max, int idleMillis) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    socket.setSoTimeout(idleMillis);
    try {
      while (end == End.PENDING && bytes.size() < max) {
        step(bytes, (int) Math.min(64 * 1024, max - bytes.size()));
      }
    } catch (SocketTimeoutException quiet) {
      return new Part(Buffer.buffer(bytes.toByteArray()), End.PENDING);
    } catch (SocketException reset) {
      end = End.RESET;
    }
    return new Part(Buffer.buffer(bytes.toByteArray()), end);
  }

  private void step(ByteArrayOutputStream bytes, int most) throws IOException {
    if (chunked && left == 0) {
      nextChunk();
      return;
    }
    int wanted = untilClose ? most : (int) Math.min(most, left);
    byte[] buffer = new byte[wanted];
    int count = in.read(buffer);
    if (count < 0) {
      end = untilClose ? End.WHOLE : End.TRUNCATED;
      return;
    }
    bytes.write(buffer, 0, count);
    left -= untilClose ? 0 : count;
    afterChunk = chunked && left == 0;
    if (!chunked && !untilClose && left == 0) {
      end = End.WHOLE;
    }
  }

  private void nextChunk() throws IOException {
    String size = readLine();
    if (size != null && afterChunk && size.isEmpty()) {
      afterChunk = false;
      size = readLine();
    }
    if (size == null) {
      end = End.TRUNCATED;
      return;
    }
    left = Long.parseLong(size.strip(), 16);
    if (left == 0) {
      for (String field = readLine(); field != null && !field.isEmpty(); field = readLine()) {
        trailers.append(field).append('\n');
      }
      end = End.WHOLE;
    }
  }

  /** A line without its end, or null at the connection's; what a timeout cuts off is kept. */
  private @Nullable String readLine() throws IOException {
    for (int c = in.read(); c >= 0; c = in.read()) {
      if (c == '\n') {
        String text = line.toString(ISO_8859_1);
        line.reset();
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
      }
      line.write(c);
    }
    return null;
  }

  /** Whether the peer has closed or reset the connection within this time. */
  public boolean isOver(int withinMillis) throws IOException {
    socket.setSoTimeout(withinMillis);
    try {
      return in.read() < 0;
    } catch (SocketTimeoutException open) {
      return false;
    } catch (SocketException reset) {
      return true;
    }
  }

  /** Drops the connection with a reset. */
  public void abort() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
