package io.tollstream.gateway.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.gateway.RawHttp;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestViewer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
    assertEquals(503, get("/tabs").status());
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
            .put("phase", "open")
            .put("streams", 0);
    assertEquals(new JsonArray().add(expected), new JsonArray(get("/tabs").text()));
    assertEquals(expected, new JsonObject(get("/tabs/" + viewer.id()).text()));
  }

  @Test
  void tabs_paged_goOnAfterTheGivenOne() throws IOException {
    for (int i = 0; i < 3; i++) {
      new TestViewer(gateway, 10_000, 1).awaitQuiet();
    }
    JsonArray all = new JsonArray(get("/tabs").text());
    assertEquals(3, all.size());
    String first = all.getJsonObject(0).getString("channelId");
    assertEquals(2, new JsonArray(get("/tabs?after=" + first).text()).size());
    assertEquals(1, new JsonArray(get("/tabs?limit=1&after=" + first).text()).size());
    assertEquals(1, new JsonArray(get("/tabs?limit=0").text()).size());
    assertEquals(3, new JsonArray(get("/tabs?limit=many").text()).size());
  }

  @Test
  void tab_nobodyHas_is404() throws IOException {
    assertEquals(404, get("/tabs/0x" + "12".repeat(32)).status());
  }

  @ParameterizedTest
  @ValueSource(strings = {"/tabs/x", "/tabs/0xABCD", "/tabs/0x"})
  void tab_noChannelId_is400(String target) throws IOException {
    assertEquals(400, get(target).status());
  }

  @Test
  void path_unknown_is404() throws IOException {
    assertEquals(404, get("/film").status());
  }

  private RawHttp.Response get(String target) throws IOException {
    try (RawHttp http = new RawHttp(port.get())) {
      return http.exchange("GET", target);
    }
  }
}
