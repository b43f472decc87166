package io.tollstream.deploy.crash;

import io.tollstream.channels.Ports;
import java.io.File;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * The provider's server: an nginx with one body of known bytes, which it serves in ranges and, with
 * no length told, in pieces that are its beginnings.
 */
final class Origin implements AutoCloseable {
  /** No multiple of any chunk or buffer. */
  static final int BODY_BYTES = (4 << 20) - 59;

  /** The lengths of {@link Ware#FLOW}'s bodies; each is the last part of its URL's path. */
  static final List<Integer> FLOW_BYTES = List.of(1, 16_385, 300_000, 1_500_007);

  private static final byte[] BODY = new byte[BODY_BYTES];
  private static final int START_SECONDS = 20;

  static {
    new Random(3).nextBytes(BODY);
  }

  private final Process process;
  private final int port;

  private Origin(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  static Origin start(Path directory) throws IOException, InterruptedException {
    for (Ware ware : Ware.values()) {
      Path shelf = Files.createDirectories(directory.resolve("goods" + ware.path()));
      if (ware.isLengthTold()) {
        Files.write(shelf.resolve("body"), BODY);
      } else {
        for (int length : FLOW_BYTES) {
          Files.write(shelf.resolve(Integer.toString(length)), Arrays.copyOf(BODY, length));
        }
      }
    }
    int port = Ports.free();
    Path config = Files.writeString(directory.resolve("nginx.conf"), config(directory, port));
    Origin origin = new Origin(start(directory, config), port);
    origin.awaitListening();
    return origin;
  }

  private static Process start(Path directory, Path config) throws IOException {
    String program = Files.isExecutable(Path.of("/usr/sbin/nginx")) ? "/usr/sbin/nginx" : "nginx";
    return new ProcessBuilder(
            program, "-p", directory.toString(), "-c", config.toString(), "-e", "stderr")
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("nginx.log").toFile())
        .redirectInput(new File("/dev/null"))
        .start();
  }

  /** Server-side includes are nginx's own way of not knowing a length. */
  private static String config(Path directory, int port) {
    return """
        daemon off;
        master_process off;
        pid "%1$s/nginx.pid";
        error_log stderr;
        events { worker_connections 1024; }
        http {
          access_log off;
          sendfile on;
          keepalive_requests 100000;
          client_body_temp_path "%1$s/body";
          proxy_temp_path "%1$s/proxy";
          fastcgi_temp_path "%1$s/fastcgi";
          uwsgi_temp_path "%1$s/uwsgi";
          scgi_temp_path "%1$s/scgi";
          server {
            listen 127.0.0.1:%2$d;
            root "%1$s/goods";
            location %3$s { ssi on; ssi_types *; }
          }
        }
        """
        .formatted(directory, port, Ware.FLOW.path());
  }

  private void awaitListening() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (!isListening()) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        throw new IOException("nginx does not listen; is it installed? (nginx-light)");
      }
      Thread.sleep(5);
    }
  }

  private boolean isListening() throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (ConnectException notYet) {
      return false;
    }
  }

  URI url() {
    return URI.create("http://127.0.0.1:" + port);
  }

  /** Whether these are the body's bytes from an offset. */
  static boolean isBody(int from, byte[] bytes, int count) {
    return Arrays.equals(BODY, from, from + count, bytes, 0, count);
  }

  @Override
  public void close() {
    process.destroy();
  }
}
