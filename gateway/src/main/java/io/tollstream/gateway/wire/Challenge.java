package io.tollstream.gateway.wire;

import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One {@code Payment} challenge (draft-httpauth-payment-00, "Challenge (WWW-Authenticate)"), as a
 * server offers it and as a credential echoes it.
 *
 * @param request base64url of the method's canonical JSON, kept as it stood on the wire
 * @param expires RFC 3339, or null
 * @param digest RFC 9530 digest of the request's body, or null
 * @param opaque base64url of the server's own correlation data, or null
 * @param description for people's eyes, or null
 */
public record Challenge(
    String id,
    String realm,
    String method,
    String intent,
    String request,
    @Nullable String expires,
    @Nullable String digest,
    @Nullable String opaque,
    @Nullable String description) {
  /** The scheme's name, in both headers. */
  public static final String SCHEME = "Payment";

  /**
   * A challenge that a credential can name.
   *
   * @throws WireException if the id is empty
   */
  public Challenge {
    if (id.isEmpty()) {
      throw new WireException("challenge id must not be empty");
    }
  }

  /** The request, decoded. */
  public JsonObject requestJson() {
    return Encoding.decode(request);
  }

  /** The opaque data, decoded; empty where there is none. */
  public JsonObject opaqueJson() {
    return opaque == null ? new JsonObject() : Encoding.decode(opaque);
  }

  /** When the challenge expires; {@link Instant#MAX} where it does not say. */
  public Instant expiry() {
    if (expires == null) {
      return Instant.MAX;
    }
    try {
      return Instant.parse(expires);
    } catch (DateTimeParseException e) {
      throw new WireException("challenge.expires must be an RFC 3339 time", e);
    }
  }

  /** The value of a {@code WWW-Authenticate} header. */
  public String header() {
    StringBuilder header = new StringBuilder(SCHEME);
    char separator = ' ';
    for (Map.Entry<String, String> parameter : parameters().entrySet()) {
      header.append(separator).append(parameter.getKey()).append("=\"");
      appendQuoted(header, parameter.getValue());
      header.append('"');
      separator = ',';
    }
    return header.toString();
  }

  /** The challenge as a credential echoes it. */
  JsonObject toJson() {
    JsonObject json = new JsonObject();
    parameters().forEach(json::put);
    return json;
  }

  static Challenge of(Map<String, ?> parameters) {
    return new Challenge(
        required(parameters, "id"),
        required(parameters, "realm"),
        required(parameters, "method"),
        required(parameters, "intent"),
        required(parameters, "request"),
        optional(parameters, "expires"),
        optional(parameters, "digest"),
        optional(parameters, "opaque"),
        optional(parameters, "description"));
  }

  private Map<String, String> parameters() {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("id", id);
    parameters.put("realm", realm);
    parameters.put("method", method);
    parameters.put("intent", intent);
    put(parameters, "expires", expires);
    put(parameters, "digest", digest);
    put(parameters, "opaque", opaque);
    put(parameters, "description", description);
    parameters.put("request", request);
    return parameters;
  }

  private static void put(Map<String, String> map, String name, @Nullable String value) {
    if (value != null) {
      map.put(name, value);
    }
  }

  private static void appendQuoted(StringBuilder header, String value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c < ' ' || c == 0x7f) {
        throw new IllegalArgumentException("a control character cannot stand in a challenge");
      }
      if (c == '"' || c == '\\') {
        header.append('\\');
      }
      header.append(c);
    }
  }

  private static String required(Map<String, ?> parameters, String name) {
    String value = optional(parameters, name);
    if (value == null) {
      throw new WireException("challenge." + name + " is missing");
    }
    return value;
  }

  private static @Nullable String optional(Map<String, ?> parameters, String name) {
    Object value = parameters.get(name);
    if (value == null || value instanceof String) {
      return (String) value;
    }
    throw new WireException("challenge." + name + " must be a string");
  }
}
