package io.tollstream.gateway.wire;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Base64;
import org.erdtman.jcs.JsonCanonicalizer;

/** Base64url without padding (RFC 4648, section 5) over canonical JSON (RFC 8785). */
final class Encoding {
  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

  private Encoding() {}

  /** Canonical JSON in base64url: one spelling for equal objects. */
  static String encode(JsonObject object) {
    try {
      return ENCODER.encodeToString(new JsonCanonicalizer(object.encode()).getEncodedUTF8());
    } catch (IOException impossible) {
      throw new IllegalStateException("an encoded JSON object is JSON", impossible);
    }
  }

  static String encode(byte[] bytes) {
    return ENCODER.encodeToString(bytes);
  }

  /**
   * Reads base64url without padding to a JSON object.
   *
   * @throws WireException if the text is anything else
   */
  static JsonObject decode(String text) {
    if (text.indexOf('=') >= 0) {
      throw new WireException("base64url must not be padded");
    }
    try {
      byte[] bytes = Base64.getUrlDecoder().decode(text);
      return new JsonObject(UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      throw new WireException("expected UTF-8", e);
    } catch (IllegalArgumentException e) {
      throw new WireException("expected base64url without padding", e);
    } catch (DecodeException e) {
      throw new WireException("expected a JSON object", e);
    }
  }
}
