package io.tollstream.gateway.payer;

import io.vertx.core.http.RequestOptions;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Locale;

/**
 * The one origin that credentials go to.
 *
 * @param host without brackets, lowercase
 * @param port never a default left out
 */
record GatewayOrigin(boolean secure, String host, int port) {

  /**
   * The origin of an absolute URL.
   *
   * @throws IllegalArgumentException if it is not http or https, or carries a user
   */
  static GatewayOrigin of(URI url) {
    String scheme = url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
    String host = url.getHost();
    if (host == null || (!scheme.equals("http") && !scheme.equals("https"))) {
      throw new IllegalArgumentException("expected a URL such as https://gateway.example:8443");
    }
    if (url.getUserInfo() != null) {
      throw new IllegalArgumentException("a user in the URL is not supported");
    }
    boolean secure = scheme.equals("https");
    int port = url.getPort() == -1 ? (secure ? 443 : 80) : url.getPort();
    return new GatewayOrigin(secure, unbracketed(host).toLowerCase(Locale.ROOT), port);
  }

  private static String unbracketed(String host) {
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  /** Whether what is sent can be read by nobody else: over TLS, or never leaving the machine. */
  boolean isPrivate() {
    return secure || isLoopback(host);
  }

  /** Whether a host is this machine, judged by its name alone. */
  static boolean isLoopback(String host) {
    if (host.equals("localhost") || host.endsWith(".localhost")) {
      return true;
    }
    return isLiteral(host) && literal(host).isLoopbackAddress();
  }

  private static InetAddress literal(String host) {
    try {
      return InetAddress.getByName(host); // a literal: no name is looked up
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("not an address: " + host, e);
    }
  }

  private static boolean isLiteral(String host) {
    return host.indexOf(':') >= 0 || host.chars().allMatch(c -> c == '.' || Character.isDigit(c));
  }

  /** Options of a request to this origin and no other. */
  <T extends RequestOptions> T address(T options, String uri) {
    options.setSsl(secure).setHost(host).setPort(port).setURI(uri);
    return options;
  }

  /** {@code host}, or {@code host:port} where the port is not the scheme's. */
  String authority() {
    String name = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    return port == (secure ? 443 : 80) ? name : name + ":" + port;
  }

  @Override
  public String toString() {
    return (secure ? "https://" : "http://") + authority();
  }
}
