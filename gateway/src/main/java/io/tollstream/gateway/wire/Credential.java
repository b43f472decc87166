package io.tollstream.gateway.wire;

import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A {@code Payment} credential (draft-httpauth-payment-00, "Credentials (Authorization)"). It is a
 * bearer of money: it never prints itself.
 *
 * @param source who pays, a DID, or null
 * @param payload the method's proof
 */
public record Credential(Challenge challenge, @Nullable String source, JsonObject payload) {
  /** The longest credential that is read; servers must read at least 4 KB. */
  public static final int MAX_LENGTH = 16 * 1024;

  private static final String PREFIX = Challenge.SCHEME + " ";

  /** The scheme at the start of a value, or folded behind another's credentials. */
  private static final Pattern SCHEME =
      Pattern.compile("(?:^|,)\\s*" + Challenge.SCHEME + "(?=[\\s,]|$)", Pattern.CASE_INSENSITIVE);

  /**
   * Whether an {@code Authorization} value is of this scheme, or hides one that is: such a value
   * pays or is refused, and goes nowhere else.
   */
  public static boolean isPayment(String authorization) {
    return SCHEME.matcher(authorization).find();
  }

  /**
   * Reads the values of a request's {@code Authorization} headers, one of which must be a
   * credential and the only one of this scheme: which of two counts is nobody's guess.
   *
   * @return the credential, or null where none is of this scheme
   * @throws WireException if it is malformed or there are several
   */
  public static @Nullable Credential of(List<String> authorizations) {
    Credential found = null;
    for (String authorization : authorizations) {
      if (!isPayment(authorization)) {
        continue;
      }
      if (found != null) {
        throw new WireException("one Payment credential a request, not several");
      }
      found = parse(authorization);
    }
    return found;
  }

  /**
   * Reads one {@code Authorization} value.
   *
   * @throws WireException if it is not a well-formed credential
   */
  public static Credential parse(String authorization) {
    if (!authorization.regionMatches(true, 0, PREFIX, 0, PREFIX.length())) {
      throw new WireException("expected the Payment scheme");
    }
    if (authorization.length() > MAX_LENGTH) {
      throw new WireException("a credential is at most " + MAX_LENGTH + " characters");
    }
    JsonObject json = Encoding.decode(authorization.substring(PREFIX.length()).strip());
    return new Credential(
        Challenge.of(object(json, "challenge").getMap()), source(json), object(json, "payload"));
  }

  /** The value of an {@code Authorization} header. */
  public String header() {
    JsonObject json = new JsonObject().put("challenge", challenge.toJson()).put("payload", payload);
    if (source != null) {
      json.put("source", source);
    }
    return PREFIX + Encoding.encode(json);
  }

  private static JsonObject object(JsonObject json, String name) {
    if (json.getValue(name) instanceof JsonObject object) {
      return object;
    }
    throw new WireException(name + " must be a JSON object");
  }

  private static @Nullable String source(JsonObject json) {
    Object source = json.getValue("source");
    if (source == null || source instanceof String) {
      return (String) source;
    }
    throw new WireException("source must be a string");
  }

  @Override
  public String toString() {
    return "Credential[hidden]";
  }
}
