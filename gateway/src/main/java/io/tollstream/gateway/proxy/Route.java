package io.tollstream.gateway.proxy;

import io.tollstream.gateway.payment.Offer;
import io.vertx.core.net.HostAndPort;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Requests of a host and path, and where they go.
 *
 * @param host a lowercase host name, or {@code *} for any
 * @param path a path without a slash at its end (the root is empty): it and all below it
 * @param free paths below that cost nothing; one that ends in {@code /**} means all below it
 * @param offer what its bodies cost, or null where they are free
 */
public record Route(
    String name, String host, String path, List<String> free, URI origin, @Nullable Offer offer) {
  static final String ANY_HOST = "*";

  public Route {
    free = List.copyOf(free);
  }

  boolean matches(String requestHost, String requestPath) {
    return (host.equals(ANY_HOST) || host.equals(requestHost)) && covers(path, requestPath);
  }

  /** Whether the bodies of a path are metered. */
  boolean isMetered(String requestPath) {
    return offer != null
        && free.stream().noneMatch(pattern -> matchesPattern(pattern, requestPath));
  }

  HostAndPort originAddress() {
    int port = origin.getPort();
    return HostAndPort.create(origin.getHost(), port > 0 ? port : isOriginSecure() ? 443 : 80);
  }

  boolean isOriginSecure() {
    return "https".equals(origin.getScheme());
  }

  private static boolean matchesPattern(String pattern, String path) {
    return pattern.endsWith("/**")
        ? covers(pattern.substring(0, pattern.length() - 3), path)
        : pattern.equals(path);
  }

  private static boolean covers(String prefix, String path) {
    return path.startsWith(prefix)
        && (path.length() == prefix.length() || path.charAt(prefix.length()) == '/');
  }
}
