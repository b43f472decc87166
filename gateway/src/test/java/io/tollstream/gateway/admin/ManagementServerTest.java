package io.tollstream.gateway.admin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.SettlementPolicy;
import io.tollstream.gateway.RawHttp;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestViewer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

final class ManagementServerTest {
  private final TestGateway gateway = new TestGateway();
  private final AtomicInteger port = new AtomicInteger();

  ManagementServerTest() {
    TestGateway.await(
        gateway.vertx.deployVerticle(
            new ManagementServer(
                new HttpServerOptions().setHost("127.0.0.1").setPort(0),
                gateway.registry,
                gateway.desk.tabs(),
                Map.of("local", gateway.chain),
                Map.of(
                    TestGateway.ESCROW,
                    gateway.desk.settler(gateway.chain, SettlementPolicy.DEFAULT, false)),
                port::set)));
  }

  @AfterEach
  void close() {
    gateway.close();
  }

  @Test
  void healthz_running_isUp() throws IOException {
    assertEquals(200, get("/healthz").status());
  }

  @Test
  void readyz_ledgerAndChainsAnswer_isReady() throws IOException {
    RawHttp.Response response = get("/readyz");
    assertEquals(200, response.status());
    assertEquals(
        new JsonObject().put("ledger", true).put("chain local", true),
        new JsonObject(response.text()));
  }

  @Test
  void readyz_ledgerDown_isNotReadyButStillUp() throws IOException {
    gateway.ledger.down(true);
    RawHttp.Response response = get("/readyz");
    assertEquals(503, response.status());
    assertEquals(false, new JsonObject(response.text()).getBoolean("ledger"));
    assertEquals(200, get("/healthz").status());
    assertEquals(503, get("/channels").status());
  }

  @Test
  void readyz_ledgerHangs_isNotReadyInTime() throws Exception {
    gateway.ledger.hold();
    assertEquals(503, get("/readyz").status());
    gateway.ledger.release();
  }

  @Test
  void metrics_scraped_countWhatWasSold() throws IOException {
    TestViewer viewer = new TestViewer(gateway, 10_000, 5_000);
    viewer.get("/film/a?size=1234", viewer.voucher(0));
    viewer.awaitQuiet();
    String scrape = get("/metrics").text();
    assertTrue(scrape.contains("tollstream_metered_bytes_total{route=\"film\"} 1234"), scrape);
    assertTrue(scrape.contains("tollstream_streams_open 0"), scrape);
  }

  @Test
  void tabs_afterAPayment_showWhereItStandsAndNoSecret() throws IOException {
    TestViewer viewer = new TestViewer(gateway, 10_000, 5_000);
    viewer.get("/film/a?size=1234", viewer.voucher(0));
    viewer.awaitQuiet();
    JsonObject expected =
        new JsonObject()
            .put("channelId", viewer.id().hex())
            .put("chainId", 314)
            .put("payer", viewer.payer.address().hex())
            .put("payee", TestGateway.PAYEE.hex())
            .put("token", TestGateway.TOKEN.hex())
            .put("deposit", "10000")
            .put("authorized", "5000")
            .put("spent", "1234")
            .put("settled", "0")
            .put("atRisk", "1234")
            .put("phase", "open")
            .put("streams", 0)
            .put("lastSeen", "2026-03-01T12:00:00Z")
            .put("owedSince", "2026-03-01T12:00:00Z");
    assertEquals(new JsonArray().add(expected), new JsonArray(get("/channels").text()));
    assertEquals(expected, new JsonObject(get("/channels/" + viewer.id()).text()));
  }

  @Test
  void tabs_paged_goOnAfterTheGivenOne() throws IOException {
    for (int i = 0; i < 3; i++) {
      new TestViewer(gateway, 10_000, 1).awaitQuiet();
    }
    JsonArray all = new JsonArray(get("/channels").text());
    assertEquals(3, all.size());
    String first = all.getJsonObject(0).getString("channelId");
    assertEquals(2, new JsonArray(get("/channels?after=" + first).text()).size());
    assertEquals(1, new JsonArray(get("/channels?limit=1&after=" + first).text()).size());
    assertEquals(1, new JsonArray(get("/channels?limit=0").text()).size());
    assertEquals(3, new JsonArray(get("/channels?limit=many").text()).size());
  }

  @Test
  void tab_nobodyHas_is404() throws IOException {
    assertEquals(404, get("/channels/0x" + "12".repeat(32)).status());
  }

  @ParameterizedTest
  @ValueSource(strings = {"/channels/x", "/channels/0xABCD", "/channels/0x"})
  void tab_noChannelId_is400(String target) throws IOException {
    assertEquals(400, get(target).status());
  }

  private TestViewer owing() throws IOException {
    TestViewer viewer = new TestViewer(gateway, 10_000, 5_000);
    viewer.get("/film/a?size=1234", viewer.voucher(0));
    viewer.awaitQuiet();
    return viewer;
  }

  private JsonObject posted(String target) throws IOException {
    RawHttp.Response response = post(target, "Tollstream-Operator: yes");
    assertEquals(200, response.status(), response::text);
    return new JsonArray(response.text()).getJsonObject(0);
  }

  @Test
  void settle_dryRun_tellsGasAndProceedsOnly() throws IOException {
    gateway.chain.price(7);
    String path = "/channels/" + owing().id() + "/settle";
    JsonObject planned = posted(path + "?dryRun=true");
    assertEquals("7", planned.getString("gasCost"));
    assertEquals("5000", planned.getString("proceeds"));
    assertEquals(null, planned.getString("transactionHash"));
    assertEquals(List.of(), gateway.chain.redeemed());
    JsonObject settled = posted(path);
    assertEquals("5000", settled.getString("proceeds"));
    assertTrue(settled.getString("transactionHash").startsWith("0x"), settled::encode);
    assertEquals(List.of("5000"), gateway.chain.redeemed());
    assertEquals("[]", post(path, "Tollstream-Operator: yes").text());
  }

  @Test
  void settle_all_settlesWhatIsWorthIt() throws IOException {
    owing();
    owing();
    assertEquals("settle", posted("/channels/settle?dryRun").getString("action"));
    assertEquals(List.of(), gateway.chain.redeemed());
    posted("/channels/settle");
    assertEquals(List.of("5000", "5000"), gateway.chain.redeemed());
  }

  @Test
  void close_one_closesIt() throws IOException {
    TestViewer viewer = owing();
    JsonObject closed = posted("/channels/" + viewer.id() + "/close?dryRun=false");
    assertEquals("close", closed.getString("action"));
    assertTrue(gateway.chain.of(viewer.id()).finalized());
    JsonObject again = posted("/channels/" + viewer.id() + "/close");
    assertTrue(again.getString("refusal").contains("ChannelFinalized"), again::encode);
  }

  @Test
  void settle_nobodyHas_is404() throws IOException {
    String path = "/channels/0x" + "12".repeat(32) + "/settle";
    assertEquals(404, post(path, "Tollstream-Operator: yes").status());
  }

  /** A page in the operator's browser must not spend its gas, whatever name it gives itself. */
  @Test
  void post_fromABrowsersPage_isRefused() throws IOException {
    String path = "/channels/" + owing().id() + "/close";
    assertEquals(403, post(path, "Origin: https://evil.example").status());
    assertEquals(403, post("/channels/settle", "Origin: https://evil.example").status());
    String rebound = "POST " + path + " HTTP/1.1\r\nHost: evil.example:9402\r\n";
    assertEquals(403, request(rebound + "Tollstream-Operator: yes\r\n\r\n").status());
    assertEquals(List.of(), gateway.chain.redeemed());
    assertEquals(403, request("GET /channels HTTP/1.1\r\nHost: evil.example\r\n\r\n").status());
  }

  @Test
  void command_listSettleAndClose_workOnARunningGateway() throws IOException {
    TestViewer viewer = owing();
    String url = "http://127.0.0.1:" + port.get();
    String listed = run(0, "list", "--management", url);
    assertTrue(listed.contains(viewer.id().hex().substring(0, 12)), listed);
    assertTrue(listed.contains("1234"), listed);
    JsonObject line = new JsonObject(run(0, "list", "--json", "--management", url));
    assertEquals("1234", line.getString("atRisk"));
    String id = viewer.id().hex().substring(0, 20);
    String planned = run(0, "settle", id, "--dry-run", "--management", url);
    assertTrue(planned.contains("settle for 5000  gas about 1"), planned);
    assertEquals(List.of(), gateway.chain.redeemed());
    run(0, "settle", "--all", "--management", url);
    assertEquals(List.of("5000"), gateway.chain.redeemed());
    run(0, "close", "--all", "--management", url);
    assertTrue(gateway.chain.of(viewer.id()).finalized());
    run(1, "close", id, "--management", url);
    run(2, "settle", "--management", url);
    run(2, "settle", "0x99", "--management", url);
  }

  private static String run(int status, String... arguments) {
    PrintStream out = System.out;
    ByteArrayOutputStream told = new ByteArrayOutputStream();
    System.setOut(new PrintStream(told, true, UTF_8));
    try {
      assertEquals(status, new CommandLine(new ChannelsCommand()).execute(arguments));
    } finally {
      System.setOut(out);
    }
    return told.toString(UTF_8);
  }

  @Test
  void path_unknown_is404() throws IOException {
    assertEquals(404, get("/film").status());
  }

  private RawHttp.Response post(String target, String header) throws IOException {
    return request(
        "POST " + target + " HTTP/1.1\r\nHost: 127.0.0.1:9402\r\n" + header + "\r\n\r\n");
  }

  private RawHttp.Response request(String text) throws IOException {
    try (RawHttp http = new RawHttp(port.get())) {
      http.send(text);
      return http.response(false);
    }
  }

  private RawHttp.Response get(String target) throws IOException {
    return request("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
}
