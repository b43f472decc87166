package io.tollstream.gateway.payer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FetchTest {
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private Rig rig;
  private Path file = Path.of("");

  @BeforeEach
  void start(@TempDir Path directory) throws IOException {
    rig = new Rig(Files.createDirectory(directory.resolve("state")));
    file = directory.resolve("film.mp4");
  }

  @AfterEach
  void stop() {
    assertEquals(List.of(), rig.gateway.violations);
    rig.close();
  }

  private Future<Void> fetch(String uri) {
    PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);
    return rig.onContext(
        () ->
            new Fetch(
                    rig.client,
                    Download.to(file, rig.origin),
                    new FetchProgress(out, FetchProgress.Style.LINES))
                .run(uri));
  }

  private Path part() {
    return file.resolveSibling("film.mp4.part");
  }

  private void leave(int bytes, String url, String validator) throws IOException {
    Files.write(part(), FakeGateway.bytes(0, bytes).getBytes());
    JsonObject note = new JsonObject().put("url", url).put("validator", validator);
    Files.writeString(file.resolveSibling("film.mp4.part.json"), note.encode());
  }

  private void assertWhole() throws IOException {
    assertArrayEquals(FakeGateway.bytes(0, rig.gateway.size).getBytes(), Files.readAllBytes(file));
    assertFalse(Files.exists(part()));
    assertFalse(Files.exists(file.resolveSibling("film.mp4.part.json")));
  }

  @Test
  void fetch_whole_getsItsNameAtTheEnd() throws IOException {
    Rig.await(fetch("/film.mp4"));
    assertWhole();
    String text = said.toString(StandardCharsets.UTF_8);
    assertTrue(text.contains("spent 102400 at 100/KiB"), text);
  }

  @Test
  void fetch_cut_goesOnByItself() throws IOException {
    rig.gateway.cutAt = 400_000;
    Rig.await(fetch("/film.mp4"));
    assertWhole();
  }

  @Test
  void fetch_afterAKill_paysForTheRestOnly() throws IOException {
    leave(900_000, rig.origin + "/film.mp4", FakeGateway.ETAG);
    Rig.await(fetch("/film.mp4"));
    assertWhole();
    assertEquals(rig.gateway.tariff.cost(rig.gateway.size - 900_000), rig.gateway.best());
  }

  @Test
  void fetch_representationChanged_startsOver() throws IOException {
    leave(900_000, rig.origin + "/film.mp4", "\"v0\"");
    Rig.await(fetch("/film.mp4"));
    assertWhole();
    assertEquals(rig.gateway.tariff.cost(rig.gateway.size), rig.gateway.best());
  }

  @Test
  void fetch_partOfAnotherUrl_startsOver() throws IOException {
    leave(900_000, rig.origin + "/other.mp4", FakeGateway.ETAG);
    Rig.await(fetch("/film.mp4"));
    assertWhole();
  }

  @Test
  void fetch_cutForGood_keepsThePart() throws IOException {
    rig.gateway.etagged = false;
    rig.gateway.cutAt = 400_000;
    Future<Void> fetch = fetch("/film.mp4");
    assertThrows(Exception.class, () -> Rig.await(fetch));
    assertFalse(Files.exists(file));
    assertTrue(Files.size(part()) > 0);
  }

  @Test
  void fetch_missing_tellsTheStatus() {
    rig.gateway.status = 404;
    Future<Void> fetch = fetch("/film.mp4");
    Throwable failure = assertThrows(IOException.class, () -> Rig.await(fetch));
    assertTrue(String.valueOf(failure.getMessage()).contains("404"));
  }

  @Test
  void fetch_redirectAtHome_isFollowed() throws IOException {
    Rig.await(fetch("/elsewhere?to=/film.mp4"));
    assertWhole();
  }

  @Test
  void fetch_redirectElsewhere_isNotPaid() {
    Future<Void> fetch = fetch("/elsewhere?to=http://evil.example/film.mp4");
    Throwable failure = assertThrows(IOException.class, () -> Rig.await(fetch));
    assertTrue(String.valueOf(failure.getMessage()).contains("another origin"));
  }
}
