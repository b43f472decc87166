package io.tollstream.gateway.proxy;

import io.tollstream.gateway.wire.Credential;
import io.tollstream.gateway.wire.Receipt;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Which headers cross the gateway, and how they change on the way (RFC 9110, section 7.6). */
final class Headers {
  private static final Set<String> HOP_BY_HOP =
      Set.of(
          "connection",
          "keep-alive",
          "proxy-connection",
          "proxy-authenticate",
          "proxy-authorization",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade",
          "http2-settings");

  private static final String AUTHORIZATION = "Authorization";
  private static final String WWW_AUTHENTICATE = "WWW-Authenticate";
  private static final String CACHE_CONTROL = "Cache-Control";
  private static final String VIA = "tollstream";

  private Headers() {}

  /** A request's headers as its origin gets them: no credential, no hop-by-hop field. */
  static void copyRequest(HttpServerRequest from, MultiMap to, boolean metered) {
    copy(
        from.headers(),
        to,
        Set.of("host", "authorization", "accept-payment", "forwarded", "expect"));
    for (String authorization : from.headers().getAll(AUTHORIZATION)) {
      if (!Credential.isPayment(authorization)) {
        to.add(AUTHORIZATION, authorization);
      }
    }
    if (metered) {
      to.set("Accept-Encoding", "identity"); // a byte is sold as the byte that is meant
    }
    if (acceptsTrailers(from)) {
      to.set("TE", "trailers");
    }
    to.add("Via", version(from.version()) + " " + VIA);
    to.set("Forwarded", forwarded(from));
  }

  /** A response's headers as its client gets them. */
  static void copyResponse(MultiMap from, MultiMap to, HttpVersion originVersion) {
    copy(from, to, Set.of("payment-receipt"));
    dropChallenges(to);
    to.add("Via", version(originVersion) + " " + VIA);
  }

  /** An origin neither receipts nor challenges in the gateway's name. */
  private static void dropChallenges(MultiMap headers) {
    List<String> challenges = headers.getAll(WWW_AUTHENTICATE);
    if (challenges.stream().anyMatch(Credential::isPayment)) {
      headers.remove(WWW_AUTHENTICATE);
      challenges.stream()
          .filter(challenge -> !Credential.isPayment(challenge))
          .forEach(challenge -> headers.add(WWW_AUTHENTICATE, challenge));
    }
  }

  /** Adds the receipt; with it a response is private (draft-httpauth-payment-00, "Caching"). */
  static void addReceipt(MultiMap headers, String receipt) {
    headers.set(Receipt.HEADER, receipt);
    String directives =
        headers.getAll(CACHE_CONTROL).stream()
            .flatMap(value -> Arrays.stream(value.split(",")))
            .map(String::strip)
            .filter(directive -> isPrivate(directive.toLowerCase(Locale.ROOT)))
            .collect(Collectors.joining(", "));
    headers.set(CACHE_CONTROL, directives.isEmpty() ? "private" : "private, " + directives);
  }

  private static boolean isPrivate(String directive) {
    return !directive.equals("public")
        && !directive.equals("private")
        && !directive.startsWith("s-maxage")
        && !directive.isEmpty();
  }

  static boolean acceptsTrailers(HttpServerRequest request) {
    return request.headers().getAll("TE").stream()
        .flatMap(value -> Arrays.stream(value.split(",")))
        .anyMatch(value -> value.strip().equalsIgnoreCase("trailers"));
  }

  /** The length a response announces, or -1 where it announces none. */
  static long contentLength(MultiMap headers) {
    List<String> values = headers.getAll("Content-Length");
    return values.size() == 1 ? parseLength(values.get(0)) : -1;
  }

  private static long parseLength(String value) {
    try {
      return Math.max(-1, Long.parseLong(value.strip()));
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  private static void copy(MultiMap from, MultiMap to, Set<String> except) {
    Set<String> dropped = new HashSet<>(except);
    for (String listed : from.getAll("Connection")) {
      for (String name : listed.split(",")) {
        dropped.add(name.strip().toLowerCase(Locale.ROOT));
      }
    }
    for (Map.Entry<String, String> header : from) {
      String name = header.getKey().toLowerCase(Locale.ROOT);
      if (!HOP_BY_HOP.contains(name) && !dropped.contains(name)) {
        to.add(header.getKey(), header.getValue());
      }
    }
  }

  private static String version(@Nullable HttpVersion version) {
    if (version == HttpVersion.HTTP_2) {
      return "2";
    }
    return version == HttpVersion.HTTP_1_0 ? "1.0" : "1.1";
  }

  private static String forwarded(HttpServerRequest request) {
    String client =
        request.remoteAddress() == null ? "unknown" : request.remoteAddress().hostAddress();
    String node = client.contains(":") ? "\"[" + client + "]\"" : client;
    return "for=" + node + ";proto=" + request.scheme();
  }
}
