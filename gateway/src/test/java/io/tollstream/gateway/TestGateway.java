package io.tollstream.gateway;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Terms;
import io.tollstream.channels.evm.EvmSession;
import io.tollstream.gateway.payment.Challenges;
import io.tollstream.gateway.payment.Offer;
import io.tollstream.gateway.payment.PaymentDesk;
import io.tollstream.gateway.payment.Tabs;
import io.tollstream.gateway.proxy.ProxyServer;
import io.tollstream.gateway.proxy.Route;
import io.tollstream.gateway.proxy.RouteTable;
import io.tollstream.gateway.telemetry.Metrics;
import io.tollstream.gateway.wire.SessionRequest;
import io.tollstream.metering.Amount;
import io.tollstream.metering.MeterPolicy;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketConnectOptions;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A gateway on free ports, before a real origin, with an escrow and a ledger in memory that a test
 * can hold. {@code /film} costs one base unit a byte unless told otherwise.
 */
public final class TestGateway implements AutoCloseable {
  public static final Escrow ESCROW = new Escrow(314, new Address("0x" + "e5".repeat(20)));
  public static final Address PAYEE = new Address("0x" + "aa".repeat(20));
  public static final Address TOKEN = new Address("0x" + "70".repeat(20));
  public static final Terms TERMS = new Terms(ESCROW, PAYEE, TOKEN, Amount.of(10));
  public static final Tariff PER_BYTE = new Tariff(Amount.of(1), TariffUnit.BYTE);

  /** Small chunks, so that little is needed to see many; holds longer than any test. */
  public static final MeterPolicy PATIENT = new MeterPolicy(16_384, 65_536, 4, 60_000, 60_000);

  /** As {@link #PATIENT}, with holds that a test can wait for. */
  public static final MeterPolicy HASTY = new MeterPolicy(16_384, 65_536, 4, 700, 1_200);

  /** What may differ from test to test. */
  public record Setup(
      Tariff tariff, MeterPolicy policy, long credit, int maxStreams, long minVoucherDelta) {
    public static final Setup DEFAULT = new Setup(PER_BYTE, PATIENT, 0, 16, 0);

    public Setup tariff(Tariff other) {
      return new Setup(other, policy, credit, maxStreams, minVoucherDelta);
    }

    public Setup policy(MeterPolicy other) {
      return new Setup(tariff, other, credit, maxStreams, minVoucherDelta);
    }

    public Setup credit(long other) {
      return new Setup(tariff, policy, other, maxStreams, minVoucherDelta);
    }

    public Setup maxStreams(int other) {
      return new Setup(tariff, policy, credit, other, minVoucherDelta);
    }

    public Setup minVoucherDelta(long other) {
      return new Setup(tariff, policy, credit, maxStreams, other);
    }
  }

  public final FakeChain chain = new FakeChain(ESCROW);
  public final MemoryLedger ledger = new MemoryLedger();
  public final Vertx vertx = Vertx.vertx();

  /** Held on to: Vert.x closes a client that nobody refers to. */
  private final WebSocketClient sockets = vertx.createWebSocketClient();

  public final TestOrigin origin = new TestOrigin(vertx);
  public final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  public final PaymentDesk desk;
  private final EvmSession protocol = new EvmSession(TestPayer.DOMAIN, chain, false);
  private final AtomicInteger port = new AtomicInteger();
  private volatile Instant now = Instant.parse("2026-03-01T12:00:00Z");

  public TestGateway() {
    this(Setup.DEFAULT);
  }

  public TestGateway(Setup setup) {
    Tariff dear = new Tariff(Amount.of(1_000), TariffUnit.BYTE);
    Terms elsewhere = new Terms(ESCROW, new Address("0x" + "bb".repeat(20)), TOKEN, Amount.of(10));
    List<Route> routes =
        List.of(
            route("film", origin.uri(), offer("film", setup, TERMS)),
            route("dear", origin.uri(), offer("dear", setup.tariff(dear), TERMS)),
            route("other", origin.uri(), offer("other", setup, elsewhere)),
            route("closing", origin.closingUri(), offer("closing", setup, TERMS)),
            route("dead", URI.create("http://127.0.0.1:1"), offer("dead", setup, TERMS)),
            route("open", origin.uri(), null),
            new Route("root", "*", "", List.of(), origin.uri(), null));
    desk = new PaymentDesk(new Tabs(ledger, () -> now), challenges(), offers(routes), () -> now);
    start(routes);
  }

  private Challenges challenges() {
    byte[] secret = new byte[32];
    Arrays.fill(secret, (byte) 9);
    return new Challenges("films.example", Duration.ofHours(24), List.of(secret), () -> now);
  }

  private static List<Offer> offers(List<Route> routes) {
    return routes.stream().map(Route::offer).filter(Objects::nonNull).toList();
  }

  private static Route route(String name, URI origin, @Nullable Offer offer) {
    String path = "/" + name;
    return new Route(
        name, "*", path, List.of(path + "/poster.jpg", path + "/pub/**"), origin, offer);
  }

  private Offer offer(String route, Setup setup, Terms terms) {
    SessionRequest request =
        new SessionRequest(
            setup.tariff(),
            Amount.of(1_000_000),
            terms.token(),
            terms.payee(),
            null,
            ESCROW,
            Amount.of(setup.minVoucherDelta()),
            true,
            List.of("authorization", "hash"),
            null,
            setup.policy().firstChunkQuanta(),
            PaymentDesk.SOCKET_PATH);
    return Offer.of(
        route,
        setup.policy(),
        terms,
        protocol,
        request,
        Amount.of(setup.credit()),
        setup.maxStreams());
  }

  private void start(List<Route> routes) {
    HttpServerOptions listen =
        new HttpServerOptions().setHost("127.0.0.1").setPort(0).setMaxHeaderSize(32 * 1024);
    await(
        vertx.deployVerticle(
            new ProxyServer(
                listen, new RouteTable(routes), desk, new Metrics(registry), port::set)));
  }

  public static <T> T await(Future<T> future) {
    try {
      return future.await(20, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError("nothing within 20 s", e);
    }
  }

  /** Lets time pass, for challenges and receipts. */
  public void pass(Duration time) {
    now = now.plus(time);
  }

  public int port() {
    return port.get();
  }

  public RawHttp connect() throws java.io.IOException {
    return new RawHttp(port());
  }

  public WebSocket paymentSocket() {
    WebSocketConnectOptions options =
        new WebSocketConnectOptions()
            .setHost("127.0.0.1")
            .setPort(port())
            .setURI(PaymentDesk.SOCKET_PATH);
    return await(sockets.connect(options));
  }

  /** Body bytes that the gateway says it sold on a route. */
  public long sold(String route) {
    return (long) registry.get("tollstream.metered").tag("route", route).counter().count();
  }

  @Override
  public void close() {
    vertx.deploymentIDs().forEach(id -> await(vertx.undeploy(id))); // its clients would wait for it
    await(vertx.close());
    ledger.close();
  }
}
