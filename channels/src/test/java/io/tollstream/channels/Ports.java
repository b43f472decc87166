package io.tollstream.channels;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Loopback ports for servers that die and come back. They lie below those that the kernel lends to
 * outgoing connections: one of these would sooner or later be lent to somebody while its server is
 * dead, and clients that knock on it would in the end be connected to themselves.
 */
public final class Ports {
  private static final Path LENT = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
  private static final int FIRST = 10_000;
  private static final int ATTEMPTS = 1_000;

  private Ports() {}

  /** A port that nobody listens on, to be taken soon. */
  public static int free() throws IOException {
    int end = Integer.parseInt(Files.readAllLines(LENT).get(0).split("\\s+")[0]);
    for (int i = 0; i < ATTEMPTS; i++) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, end);
      if (isFree(port)) {
        return port;
      }
    }
    throw new IOException("no free port from " + FIRST + " to " + end);
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.isBound();
    } catch (IOException taken) {
      return false;
    }
  }
}
