package io.tollstream.gateway.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLDecoder;
import java.util.Locale;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * The path by which a request is matched to a route. Origins decode, merge and normalise paths each
 * in their own way; a path that two of them could take for two different ones must not pick a cheap
 * route for dear content, so such a path has no canonical form and is refused.
 */
final class CanonicalPath {
  private CanonicalPath() {}

  /**
   * Percent-decoded, repeated slashes merged, path parameters ({@code ;…}) dropped, no slash at the
   * end; the root is the empty path.
   *
   * @param uri a request target in origin or absolute form
   * @return null where the path has dot segments, backslashes, control characters, an encoded
   *     slash, or escapes that are none
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
    int end = uri.indexOf('?');
    String path = end < 0 ? uri : uri.substring(0, end);
    int scheme = path.indexOf("://");
    if (scheme < 0 || path.startsWith("/")) {
      return path;
    }
    int start = path.indexOf('/', scheme + 3);
    return start < 0 ? "/" : path.substring(start);
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
    boolean odd =
        decoded.chars().anyMatch(c -> c < ' ' || c == 0x7f || c == '/' || c == '\\' || c == '#');
    return odd ? null : decoded;
  }
}
