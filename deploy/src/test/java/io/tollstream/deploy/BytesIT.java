package io.tollstream.deploy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes through the gateway is what the origin has, for whoever pays and for nobody else. */
@ExtendWith(DemoExtension.class)
class BytesIT {
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  @ParameterizedTest
  @ValueSource(strings = {"/big.bin", "/film.mp4", "/film/index.m3u8"})
  void curl_throughThePayer_getsTheOriginsBytes(String path, Demo demo, @TempDir Path directory)
      throws Exception {
    Path file = directory.resolve("file");
    curl(demo.payer(path), file);
    assertEquals(
        sha256(demo.origin(path).toURL().openStream()), sha256(Files.newInputStream(file)));
  }

  @Test
  void curl_rangeThroughThePayer_getsThoseBytes(Demo demo, @TempDir Path directory)
      throws Exception {
    Path paid = directory.resolve("paid");
    Path direct = directory.resolve("direct");
    curl(demo.payer("/big.bin"), paid, "--range", "1000001-3000002");
    curl(demo.origin("/big.bin"), direct, "--range", "1000001-3000002");
    assertEquals(2_000_002, Files.size(paid));
    assertEquals(-1, Files.mismatch(direct, paid));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/big.bin", "/film.mp4", "/film/index.m3u8", "/film/segment-000.ts"})
  void get_withoutPayment_402WithAChallenge(String path, Demo demo) throws Exception {
    HttpResponse<byte[]> response = get(demo.gateway(path));
    assertEquals(402, response.statusCode());
    assertEquals("no-store", header(response, "Cache-Control"));
    assertEquals("application/problem+json", header(response, "Content-Type"));
    String challenge = header(response, "WWW-Authenticate");
    assertTrue(challenge.startsWith("Payment "), challenge);
    assertTrue(challenge.contains("method=\"evm\""), challenge);
    assertTrue(challenge.contains("intent=\"session\""), challenge);
  }

  @Test
  void get_freePaths_200WithoutPayment(Demo demo) throws Exception {
    assertEquals(200, get(demo.gateway("/")).statusCode());
    HttpResponse<byte[]> poster = get(demo.gateway("/film/poster.svg"));
    assertEquals(200, poster.statusCode());
    assertArrayEquals(get(demo.origin("/film/poster.svg")).body(), poster.body());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/%62ig.bin",
        "//big.bin",
        "/./big.bin",
        "/film/../big.bin",
        "/film/%2e%2e/big.bin"
      })
  void get_goodsBySpelledDifferently_neverFree(String path, Demo demo) throws Exception {
    HttpResponse<byte[]> response = get(demo.gateway(path));
    assertTrue(response.statusCode() >= 400, () -> path + ": " + response.statusCode());
  }

  private static void curl(URI url, Path file, String... more) throws Exception {
    List<String> command =
        new ArrayList<>(
            Program.of("curl", "curl", "-sS", "--fail", "-o", file.toString(), url.toString()));
    command.addAll(List.of(more));
    Program.run(command).orFail();
  }

  private static HttpResponse<byte[]> get(URI uri) throws Exception {
    return CLIENT.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofByteArray());
  }

  private static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  private static String sha256(InputStream in) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (InputStream digesting = new DigestInputStream(in, digest)) {
      digesting.transferTo(OutputStream.nullOutputStream());
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
