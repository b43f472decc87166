package io.tollstream.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The command that a newcomer types first. */
@ExtendWith(DemoExtension.class)
class DemoIT {
  private static final Pattern FIRST_ANSWER = Pattern.compile("first answer (\\d+) ms");
  private static final Pattern RECEIVED =
      Pattern.compile("payee received 0\\.00(\\d{4}) TUSD and the payer spent 0\\.00(\\d{4}) TUSD");

  /** 64 MiB and 4,321 bytes at 100 base units per MiB. */
  private static final String COST_OF_BIG = "6401";

  @Test
  void start_builtJar_readyWithinAMinute(Demo demo) throws Exception {
    assertTrue(demo.startup().compareTo(Demo.READY_WITHIN) < 0, demo.startup().toString());
    Matcher answer = FIRST_ANSWER.matcher(demo.messages());
    assertTrue(answer.find(), demo.messages());
    System.out.printf(
        "The demo was ready in %d ms, its gateway in %s ms.%n",
        demo.startup().toMillis(), answer.group(1));
  }

  @Test
  void start_json_saysExactlyWhatItPromises(Demo demo) {
    List<String> keys = new ArrayList<>();
    for (Iterator<String> names = demo.facts().fieldNames(); names.hasNext(); ) {
      keys.add(names.next());
    }
    assertEquals(
        List.of(
            "gateway",
            "management",
            "payer",
            "origin",
            "rpc",
            "chainId",
            "escrow",
            "token",
            "payee",
            "fundedKey",
            "files",
            "config"),
        keys);
    assertEquals(
        "[\"/film.mp4\",\"/film/index.m3u8\",\"/big.bin\"]", demo.facts().get("files").toString());
    assertTrue(demo.facts().get("chainId").isIntegralNumber());
  }

  @Test
  void stop_afterAPaidDownload_settlesAndLeavesNothing() throws Exception {
    try (Demo demo = Demo.start("--plain")) {
      List<ProcessHandle> children = demo.children();
      try (InputStream body = demo.payer("/big.bin").toURL().openStream()) {
        body.transferTo(OutputStream.nullOutputStream());
      }

      assertEquals(0, demo.stop(), demo.messages());

      Matcher received = RECEIVED.matcher(demo.messages());
      assertTrue(received.find(), demo.messages());
      assertEquals(COST_OF_BIG, received.group(1));
      assertEquals(COST_OF_BIG, received.group(2));
      assertEquals(List.of(), demo.furtherOutput());
      assertFalse(Files.exists(demo.directory()));
      assertFalse(children.isEmpty());
      for (ProcessHandle child : children) {
        child.onExit().get(10, TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void kill_itsGateway_endsTheDemoWithTheEndOfTheLog() throws Exception {
    try (Demo demo = Demo.start("--plain")) {
      ProcessHandle gateway =
          demo.children().stream()
              .filter(child -> child.info().commandLine().orElse("").contains(" serve "))
              .findFirst()
              .orElseThrow();

      gateway.destroyForcibly();

      assertEquals(1, demo.awaitEnd(), demo.messages());
      assertTrue(demo.messages().contains("gateway ended"), demo.messages());
      assertFalse(Files.exists(demo.directory()));
    }
  }
}
