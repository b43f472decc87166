package io.tollstream.gateway.payer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.metering.Amount;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PayingProxyTest {
  private Rig rig;
  private PayingProxy proxy;
  private HttpClient player;
  private int port;

  @BeforeEach
  void start(@TempDir Path state) {
    rig = new Rig(state);
    player = rig.vertx.createHttpClient(new PoolOptions().setHttp1MaxSize(32));
    listen();
  }

  private void listen() {
    PlayerGuard guard = new PlayerGuard(Set.of("tv.lan:80"), Set.of("https://tv.example"));
    PayerStatus status = new PayerStatus(rig.wallet.address(), rig.policy);
    proxy = rig.on(() -> Future.succeededFuture(new PayingProxy(rig.client, guard, status)));
    port = rig.on(() -> proxy.listen("127.0.0.1", 0));
  }

  @AfterEach
  void stop() {
    assertEquals(List.of(), rig.gateway.violations);
    rig.on(() -> proxy.close());
    rig.close();
  }

  /** What a player got. */
  private record Got(int status, io.vertx.core.MultiMap headers, Buffer body) {}

  private Future<HttpClientRequest> request(HttpMethod method, String uri, String... headers) {
    RequestOptions options =
        new RequestOptions().setMethod(method).setHost("127.0.0.1").setPort(port).setURI(uri);
    for (int i = 0; i < headers.length; i += 2) {
      options.putHeader(headers[i], headers[i + 1]);
    }
    return player.request(options);
  }

  private Future<Got> send(HttpMethod method, String uri, String... headers) {
    return request(method, uri, headers).compose(request -> got(request.send()));
  }

  /** Reads the body from within the response's own call-back, so that none of it is missed. */
  private static Future<Got> got(Future<HttpClientResponse> response) {
    return response.compose(
        head -> head.body().map(body -> new Got(head.statusCode(), head.headers(), body)));
  }

  private Got get(String uri, String... headers) {
    return Rig.await(send(HttpMethod.GET, uri, headers));
  }

  @Test
  void get_film_isPaidAwayByteForByte() {
    Got got = get("/film.mp4");
    assertEquals(200, got.status);
    assertEquals(FakeGateway.bytes(0, rig.gateway.size), got.body);
    assertEquals(FakeGateway.ETAG, got.headers.get("ETag"));
    assertEquals("" + rig.gateway.size, got.headers.get("Content-Length"));
    assertNull(got.headers.get("WWW-Authenticate"));
  }

  @Test
  void get_range_passesThrough() {
    Got got = get("/film.mp4", "Range", "bytes=1000-1999");
    assertEquals(206, got.status);
    assertEquals("bytes 1000-1999/" + rig.gateway.size, got.headers.get("Content-Range"));
    assertEquals(FakeGateway.bytes(1_000, 1_000), got.body);
  }

  @Test
  void get_cutInTheMiddle_goesOnUnseen() {
    rig.gateway.cutAt = 300_000;
    assertEquals(FakeGateway.bytes(0, rig.gateway.size), get("/film.mp4").body);
    assertTrue(
        rig.gateway.log.stream().anyMatch(line -> line.matches("GET .* bytes=\\d+-1048575")),
        rig.gateway.log.toString());
  }

  @Test
  void get_rangeCutInTheMiddle_goesOnUnseen() {
    rig.gateway.cutAt = 300_000;
    Got got = get("/film.mp4", "Range", "bytes=200000-400000");
    assertEquals(FakeGateway.bytes(200_000, 200_001), got.body);
  }

  @Test
  void get_cutWithoutAValidator_neverLooksWhole() {
    rig.gateway.etagged = false;
    rig.gateway.cutAt = 300_000;
    assertThrows(Exception.class, () -> get("/film.mp4"));
  }

  @Test
  void get_tooDear_tellsThePlayerWhy() {
    rig.on(() -> proxy.close());
    rig.policy = Rig.policy(Amount.of(1_000), List.of(new Tariff(Amount.of(1), TariffUnit.MIB)));
    rig.client = rig.newClient();
    listen();
    Got got = get("/film.mp4");
    assertEquals(502, got.status);
    assertEquals(Problem.MEDIA_TYPE, got.headers.get("Content-Type"));
    assertTrue(got.body.toJsonObject().getString("detail").contains("--max-price"));
  }

  @Test
  void get_gatewayDown_isABadGateway() {
    rig.on(rig.gateway::stop);
    assertEquals(502, get("/film.mp4").status);
  }

  @Test
  void head_film_isFreeAndHasNoBody() {
    Got got = Rig.await(send(HttpMethod.HEAD, "/free/poster.jpg"));
    assertEquals(200, got.status);
    assertEquals("1000", got.headers.get("Content-Length"));
    assertEquals(0, got.body.length());
  }

  @Test
  void get_manyAtOnceAndAborted_deliversEveryByte() throws Exception {
    List<Future<Got>> whole = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      String range = "bytes=" + i * 1_000 + "-" + (i * 1_000 + 50_000);
      whole.add(send(HttpMethod.GET, "/film.mp4", "Range", range));
      Future<HttpClientResponse> aborted =
          request(HttpMethod.GET, "/film.mp4").compose(HttpClientRequest::send);
      aborted.onSuccess(response -> response.request().reset());
    }
    for (int i = 0; i < 16; i++) {
      assertEquals(FakeGateway.bytes(i * 1_000L, 50_001), Rig.await(whole.get(i)).body);
    }
    rig.until("every aborted request is cancelled", () -> rig.gateway.active.get() == 0);
  }

  @Test
  void player_gone_cancelsUpstreamAtOnce() throws Exception {
    rig.gateway.endless = true;
    HttpClientResponse response =
        Rig.await(request(HttpMethod.GET, "/film.mp4").compose(HttpClientRequest::send));
    rig.until("the stream runs", () -> rig.gateway.active.get() == 1);
    response.request().reset();
    rig.until("the stream is cancelled", () -> rig.gateway.active.get() == 0);
  }

  @ParameterizedTest
  @CsvSource({
    "evil.example, 421",
    "evil.example:PORT, 421",
    "127.0.0.1:1, 421",
    "127.0.0.1, 421",
    "127.0.0.1.evil.example:PORT, 421",
    "127.0.0.1:PORT, 200",
    "localhost:PORT, 200",
    "LOCALHOST:PORT, 200",
    "[::1]:PORT, 200",
    "tv.lan:80, 200",
    "tv.lan:81, 421"
  })
  void host_ofARebinder_isMisdirected(String host, int status) {
    String actual = host.replace("PORT", "" + port);
    assertEquals(status, get("/free/poster.jpg", "Host", actual).status);
  }

  @ParameterizedTest
  @CsvSource({
    "POST, Origin, https://evil.example, , 403",
    "DELETE, Origin, null, , 403",
    "POST, Origin, http://localhost:3000, , 200",
    "POST, Origin, https://tv.example, , 200",
    "GET, Origin, https://evil.example, cross-site, 403",
    "GET, Referer, https://evil.example/page, cross-site, 403",
    "GET, Accept, video/*, cross-site, 403",
    "GET, Referer, http://127.0.0.1:9999/page, cross-site, 200",
    "GET, Referer, https://tv.example/page, cross-site, 200",
    "GET, Accept, video/*, none, 200",
    "GET, Accept, video/*, same-origin, 200"
  })
  void page_ofAStranger_mayNotSpend(
      String method, String name, String value, String site, int status) {
    String[] headers =
        site == null
            ? new String[] {name, value}
            : new String[] {name, value, "Sec-Fetch-Site", site};
    Got got = Rig.await(send(HttpMethod.valueOf(method), "/free/poster.jpg", headers));
    assertEquals(status, got.status);
    assertNull(got.headers.get("Access-Control-Allow-Origin"));
  }

  @Test
  void status_ofTheProxy_tellsChannelsAndBudget() {
    get("/film.mp4");
    JsonObject status = get(PayingProxy.STATUS_PATH).body.toJsonObject();
    assertEquals("102400", status.getString("spent"));
    JsonObject channel = status.getJsonArray("channels").getJsonObject(0);
    assertEquals("open", channel.getString("state"));
    assertNotNull(status.getJsonObject("budgetLeft").getString(FakeWallet.TOKEN.hex()));
    assertFalse(status.encode().contains("signature"));
  }

  @Test
  void authorization_ofThePlayer_reachesTheOriginBesideThePayment() {
    assertEquals(200, get("/film.mp4", "Authorization", "Basic dXNlcjpwYXNz").status);
  }

  @Test
  void post_body_goesThroughOnce() {
    Buffer body = Buffer.buffer("x".repeat(100_000));
    Got got =
        Rig.await(
            request(HttpMethod.POST, "/film.mp4").compose(request -> got(request.send(body))));
    assertEquals(200, got.status);
    assertEquals(rig.gateway.size, got.body.length());
  }
}
