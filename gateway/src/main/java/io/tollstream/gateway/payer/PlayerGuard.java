package io.tollstream.gateway.payer;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.net.URI;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Keeps web pages of strangers away from the purse: a page that names the proxy by another host
 * (DNS rebinding), one that changes something, and one that merely embeds what costs money. A
 * player, or a page on this machine, passes.
 */
final class PlayerGuard {
  private static final Set<HttpMethod> SAFE =
      Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);

  private final Set<String> hosts;
  private final Set<String> origins;

  /** Why a request is not served. */
  record Rejection(int status, String reason) {}

  /**
   * A guard.
   *
   * @param hosts the values of Host that are let in beside this machine's, {@code name} or {@code
   *     name:port}
   * @param origins the web origins that may spend beside this machine's
   */
  PlayerGuard(Set<String> hosts, Set<String> origins) {
    this.hosts = lowercase(hosts);
    this.origins = lowercase(origins);
  }

  private static Set<String> lowercase(Set<String> values) {
    return values.stream()
        .map(value -> value.toLowerCase(Locale.ROOT))
        .collect(Collectors.toUnmodifiableSet());
  }

  /**
   * Looks at a request.
   *
   * @param port the port that the proxy listens on
   * @return why it is not served, or null where it may be
   */
  @Nullable Rejection check(HttpServerRequest request, int port) {
    String authority = request.authority() == null ? "" : request.authority().toString();
    if (!isOurs(authority.toLowerCase(Locale.ROOT), port)) {
      return new Rejection(
          421, "this proxy does not answer for that host; name it with --allow-host");
    }
    return checkOrigin(request.method(), request.headers());
  }

  private boolean isOurs(String authority, int port) {
    if (hosts.contains(authority)) {
      return true;
    }
    int colon = authority.lastIndexOf(':');
    boolean ported = colon > authority.lastIndexOf(']');
    String host = ported ? authority.substring(0, colon) : authority;
    String actual = ported ? authority.substring(colon + 1) : "80";
    return actual.equals(Integer.toString(port)) && (isLocal(host) || hosts.contains(host));
  }

  private static boolean isLocal(String host) {
    return host.equals("localhost") || host.equals("127.0.0.1") || host.equals("[::1]");
  }

  private @Nullable Rejection checkOrigin(HttpMethod method, MultiMap headers) {
    String origin = headers.get("Origin");
    if (origin != null && !maySpend(origin)) {
      return SAFE.contains(method) && !isCrossSite(headers) ? null : foreign();
    }
    if (origin == null && isCrossSite(headers) && !maySpend(referrer(headers))) {
      return foreign();
    }
    return null;
  }

  private static Rejection foreign() {
    return new Rejection(
        403, "a web page of another site may not spend here; allow it with --allow-origin");
  }

  private static boolean isCrossSite(MultiMap headers) {
    return "cross-site".equals(headers.get("Sec-Fetch-Site"));
  }

  private boolean maySpend(String origin) {
    String lower = origin.toLowerCase(Locale.ROOT);
    if (origins.contains(lower)) {
      return true;
    }
    try {
      String host = URI.create(lower).getHost();
      return host != null && isLocal(host);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** The origin of the page that a request says it comes from; empty where it does not say. */
  private static String referrer(MultiMap headers) {
    String referrer = headers.get("Referer");
    try {
      URI uri = referrer == null ? null : URI.create(referrer);
      return uri == null ? "" : uri.getScheme() + "://" + uri.getAuthority();
    } catch (IllegalArgumentException e) {
      return "";
    }
  }
}
