package io.tollstream.gateway.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLDecoder;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The path by which a request is matched to a route. Origins decode, merge and normalise paths each
 * in their own way; a path that two of them could take for two different ones must not pick a cheap
 * route for dear content, so such a path has no canonical form and is refused.
 */
final class CanonicalPath {
  private static final Pattern ESCAPE = Pattern.compile("%[0-9A-Fa-f]{2}");

  private CanonicalPath() {}

  /**
   * Percent-decoded, repeated slashes merged, path parameters ({@code ;…}) dropped, no slash at the
   * end; the root is the empty path.
   *
   * @param uri a request target in origin or absolute form
   * @return null where the path has dot segments, backslashes, control characters, an encoded slash
   *     or semicolon, escapes that are none, or escapes of escapes
   */
  static @Nullable String of(String uri) {
    String raw = rawPath(uri);
    if (!raw.startsWith("/") || raw.contains("\\") || hasEncodedSlash(raw)) {
      return null;
    }
    StringJoiner canonical = new StringJoiner("/", "/", "");
    canonical.setEmptyValue("");
    for (String segment : raw.split("/")) {
      String plain = decode(withoutParameters(segment));
      if (plain == null || plain.equals(".") || plain.equals("..")) {
        return null;
      }
      if (!plain.isEmpty()) {
        canonical.add(plain);
      }
    }
    return canonical.toString();
  }

  private static String rawPath(String uri) {
    String target = originForm(uri);
    int end = target.indexOf('?');
    return end < 0 ? target : target.substring(0, end);
  }

  /** The request target without scheme and host, and otherwise untouched. */
  static String originForm(String uri) {
    int scheme = uri.startsWith("/") ? -1 : uri.indexOf("://");
    if (scheme < 0) {
      return uri;
    }
    int start = scheme + 3;
    while (start < uri.length() && uri.charAt(start) != '/' && uri.charAt(start) != '?') {
      start++;
    }
    String target = uri.substring(start);
    return target.startsWith("/") ? target : "/" + target;
  }

  private static boolean hasEncodedSlash(String raw) {
    String lower = raw.toLowerCase(Locale.ROOT);
    return lower.contains("%2f") || lower.contains("%5c");
  }

  private static String withoutParameters(String segment) {
    int semicolon = segment.indexOf(';');
    return semicolon < 0 ? segment : segment.substring(0, semicolon);
  }

  private static @Nullable String decode(String segment) {
    String decoded;
    try {
      decoded = URLDecoder.decode(segment.replace("+", "%2B"), UTF_8);
    } catch (IllegalArgumentException badEscape) {
      return null;
    }
    boolean odd = decoded.chars().anyMatch(CanonicalPath::isOdd);
    return odd || ESCAPE.matcher(decoded).find() ? null : decoded;
  }

  /** What no segment holds, and what stands where bytes were no UTF-8. */
  private static boolean isOdd(int c) {
    return c < ' ' || c == 0x7f || "/\\#;\ufffd".indexOf(c) >= 0;
  }
}
