package io.tollstream.gateway.wire;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Finds the {@code Payment} challenges in {@code WWW-Authenticate} values (RFC 9110, section
 * 11.6.1: one value may hold several challenges of several schemes). What it cannot read it passes
 * over.
 */
public final class ChallengeParser {
  /** Longer values are not looked at: a challenge should stay below 8 KB. */
  private static final int MAX_LENGTH = 32 * 1024;

  private final String text;
  private final List<Challenge> found = new ArrayList<>();
  private int at;

  private ChallengeParser(String text) {
    this.text = text;
  }

  /** Every readable challenge, in order. */
  public static List<Challenge> parse(Iterable<String> headerValues) {
    List<Challenge> all = new ArrayList<>();
    for (String value : headerValues) {
      if (value.length() <= MAX_LENGTH) {
        all.addAll(new ChallengeParser(value).parse());
      }
    }
    return all;
  }

  private List<Challenge> parse() {
    while (skipSeparators()) {
      String scheme = token();
      if (scheme.isEmpty()) {
        return found; // not a challenge list
      }
      skipSpaces();
      Map<String, String> parameters = parameters();
      if (scheme.equalsIgnoreCase(Challenge.SCHEME)) {
        add(parameters);
      }
    }
    return found;
  }

  private void add(Map<String, String> parameters) {
    try {
      found.add(Challenge.of(parameters));
    } catch (WireException unreadable) {
      // Another challenge beside it may be fine.
    }
  }

  /** Reads {@code name=value} pairs until something that is none: the next scheme, or the end. */
  private Map<String, String> parameters() {
    Map<String, String> parameters = new HashMap<>();
    while (skipSeparators()) {
      int start = at;
      String name = token().toLowerCase(Locale.ROOT);
      skipSpaces();
      if (name.isEmpty() || !peek('=')) {
        at = start;
        return parameters;
      }
      at++;
      skipSpaces();
      parameters.putIfAbsent(name, peek('"') ? quoted() : token68());
    }
    return parameters;
  }

  private String quoted() {
    StringBuilder value = new StringBuilder();
    for (at++; at < text.length() && !peek('"'); at++) {
      if (peek('\\') && at + 1 < text.length()) {
        at++;
      }
      value.append(text.charAt(at));
    }
    at++;
    return value.toString();
  }

  private String token() {
    int start = at;
    while (at < text.length() && isTokenChar(text.charAt(at))) {
      at++;
    }
    return text.substring(start, at);
  }

  private String token68() {
    int start = at;
    while (at < text.length()
        && (isTokenChar(text.charAt(at)) || "/=".indexOf(text.charAt(at)) >= 0)) {
      at++;
    }
    return text.substring(start, at);
  }

  private static boolean isTokenChar(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
  }

  private boolean peek(char c) {
    return at < text.length() && text.charAt(at) == c;
  }

  private void skipSpaces() {
    while (peek(' ') || peek('\t')) {
      at++;
    }
  }

  private boolean skipSeparators() {
    while (peek(' ') || peek('\t') || peek(',')) {
      at++;
    }
    return at < text.length();
  }
}
