package io.tollstream.gateway.wire;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Base64;

/** Challenges and encodings that several tests speak of. */
final class Samples {
  static final Challenge FULL =
      new Challenge(
          "kM9xPqWvT2nJrHsY4aDfEb",
          "films.example",
          "evm",
          "session",
          base64("{\"amount\":\"1\"}"),
          "2026-03-02T12:00:00Z",
          "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
          base64("{\"route\":\"film\"}"),
          "A film");
  static final Challenge BARE =
      new Challenge("x", "films.example", "evm", "session", FULL.request(), null, null, null, null);

  private Samples() {}

  static String base64(String text) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(UTF_8));
  }
}
