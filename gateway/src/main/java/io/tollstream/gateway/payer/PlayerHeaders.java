package io.tollstream.gateway.payer;

import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.Credential;
import io.vertx.core.MultiMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What of a head passes through the paying proxy: everything end to end (RFC 9110, section 7.6.1),
 * but for what belongs to the payment. A receipt passes: it tells a page what was paid and is worth
 * nothing to anybody.
 */
final class PlayerHeaders {
  private static final Set<String> HOP_BY_HOP =
      Set.of(
          "connection",
          "keep-alive",
          "proxy-authenticate",
          "proxy-authorization",
          "proxy-connection",
          "te",
          "transfer-encoding",
          "upgrade",
          "http2-settings");

  private PlayerHeaders() {}

  /** A player's request, as the gateway gets it. */
  static MultiMap upstream(MultiMap from) {
    MultiMap headers = endToEnd(from);
    headers.remove("Host");
    headers.remove("Expect");
    List<String> credentials = headers.getAll("Authorization");
    headers.remove("Authorization");
    for (String credential : credentials) {
      if (!Credential.isPayment(credential)) {
        headers.add("Authorization", credential);
      }
    }
    return headers;
  }

  /** A gateway's response, as the player gets it. */
  static MultiMap downstream(MultiMap from) {
    MultiMap headers = endToEnd(from);
    List<String> challenges = headers.getAll(Answer.WWW_AUTHENTICATE);
    headers.remove(Answer.WWW_AUTHENTICATE);
    for (String challenge : challenges) {
      if (!challenge.regionMatches(true, 0, Challenge.SCHEME + " ", 0, 8)) {
        headers.add(Answer.WWW_AUTHENTICATE, challenge);
      }
    }
    return headers;
  }

  private static MultiMap endToEnd(MultiMap from) {
    Set<String> dropped = new HashSet<>(HOP_BY_HOP);
    for (String connection : from.getAll("Connection")) {
      for (String name : connection.split(",")) {
        dropped.add(name.strip().toLowerCase(Locale.ROOT));
      }
    }
    MultiMap headers = MultiMap.caseInsensitiveMultiMap();
    for (Map.Entry<String, String> header : from) {
      String name = header.getKey();
      if (!dropped.contains(name.toLowerCase(Locale.ROOT)) && !name.startsWith(":")) {
        headers.add(name, header.getValue());
      }
    }
    return headers;
  }
}
