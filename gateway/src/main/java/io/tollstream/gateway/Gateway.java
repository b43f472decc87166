package io.tollstream.gateway;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.tollstream.channels.Address;
import io.tollstream.channels.Chain;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.Result;
import io.tollstream.channels.Terms;
import io.tollstream.channels.evm.EvmSession;
import io.tollstream.gateway.GatewayConfig.ChainAccess;
import io.tollstream.gateway.GatewayConfig.Listen;
import io.tollstream.gateway.RouteRule.Sale;
import io.tollstream.gateway.admin.ManagementServer;
import io.tollstream.gateway.payment.Challenges;
import io.tollstream.gateway.payment.ChannelWatch;
import io.tollstream.gateway.payment.Offer;
import io.tollstream.gateway.payment.PaymentDesk;
import io.tollstream.gateway.payment.Settler;
import io.tollstream.gateway.payment.Tabs;
import io.tollstream.gateway.proxy.ProxyServer;
import io.tollstream.gateway.proxy.Route;
import io.tollstream.gateway.proxy.RouteTable;
import io.tollstream.gateway.telemetry.Metrics;
import io.tollstream.gateway.wire.SessionRequest;
import io.tollstream.metering.Amount;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The composition root: makes every part of a running gateway and knows all of them. */
final class Gateway {
  /** Credentials are long; so may be cookies beside them. */
  private static final int MAX_HEADER_BYTES = 32 * 1024;

  private static final int MAX_REQUEST_LINE_BYTES = 16 * 1024;
  private static final int MAX_FRAME_BYTES = 32 * 1024;
  private static final int IDLE_SECONDS = 900;

  /** What is sent by then is looked after by the gateway's next start. */
  private static final int LAST_SETTLEMENT_SECONDS = 60;

  private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);

  private final GatewayConfig config;
  private final Path home;
  private final Vertx vertx;
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Map<String, Chain> chains = new LinkedHashMap<>();
  private final Map<String, Address> accounts = new LinkedHashMap<>();
  private final Map<Escrow, Settler> settlers = new ConcurrentHashMap<>();
  private final CompletableFuture<Map<String, ChainSetup.Connected>> connecting;
  private final Ledger ledger;
  private final Tabs tabs;
  private final AtomicInteger port = new AtomicInteger();
  private final AtomicInteger managementPort = new AtomicInteger();

  private Gateway(GatewayConfig config, Path home) throws IOException {
    this.config = config;
    this.home = home;
    // Most of a start is loading classes: the three big libraries do it side by side.
    CompletableFuture<Vertx> vertxComing =
        CompletableFuture.supplyAsync(
            () -> Vertx.vertx(new VertxOptions().setPreferNativeTransport(true)));
    CompletableFuture<Ledger> opening = new CompletableFuture<>();
    this.connecting =
        CompletableFuture.supplyAsync(() -> ChainSetup.connect(config, home, opening::join));
    this.ledger = opened(opening);
    this.tabs = new Tabs(ledger, InstantSource.system());
    this.vertx = vertxComing.join();
  }

  private Ledger opened(CompletableFuture<Ledger> opening) throws IOException {
    try {
      Ledger opened = LedgerSetup.open(config.ledger(), home);
      opening.complete(opened);
      return opened;
    } catch (IOException | RuntimeException e) {
      opening.completeExceptionally(e);
      throw e;
    }
  }

  /**
   * Starts a gateway and waits until it listens.
   *
   * @param file the configuration's own path
   * @throws IOException if a secret or key cannot be read
   */
  static Gateway start(Path file, GatewayConfig config) throws IOException {
    Gateway gateway =
        new Gateway(config, Objects.requireNonNull(file.toAbsolutePath().getParent()));
    try {
      gateway.start();
      return gateway;
    } catch (IOException | RuntimeException e) {
      gateway.stop();
      throw e;
    }
  }

  private void start() throws IOException {
    Map<String, CompletionStage<Result<Escrow>>> probes = new LinkedHashMap<>();
    connected()
        .forEach(
            (name, connected) -> {
              chains.put(name, connected.chain());
              accounts.put(name, connected.account());
              probes.put(name, connected.chain().probe()); // answers while the listeners come up
            });
    Map<String, EvmSession> protocols = new LinkedHashMap<>();
    for (ChainAccess access : config.chains()) {
      Chain chain = Objects.requireNonNull(chains.get(access.name()));
      protocols.put(
          access.name(), new EvmSession(access.domainName(), chain, access.contractSigners()));
    }
    List<Route> routes = new ArrayList<>();
    for (RouteRule rule : config.routes()) {
      routes.add(route(rule, protocols));
    }
    PaymentDesk desk = desk(routes);
    employ(desk);
    listen(routes, desk);
    manage();
    for (ChainAccess access : config.chains()) {
      settler(access).start(vertx, access.settlement().intervalSeconds() * 1_000);
    }
    probes.forEach((name, probe) -> ChainSetup.judge(name, probe.toCompletableFuture().join()));
    ChannelWatch watch = desk.watch(chains.values());
    config.chains().stream()
        .mapToLong(ChainAccess::sweepSeconds)
        .min()
        .ifPresent(seconds -> watch.start(vertx, Duration.ofSeconds(seconds)));
  }

  private void employ(PaymentDesk desk) {
    for (ChainAccess access : config.chains()) {
      Chain chain = Objects.requireNonNull(chains.get(access.name()));
      settlers.put(
          chain.escrow(),
          desk.settler(chain, access.settlement().policy(), access.contractSigners()));
    }
  }

  private Settler settler(ChainAccess access) {
    Chain chain = Objects.requireNonNull(chains.get(access.name()));
    return Objects.requireNonNull(settlers.get(chain.escrow()));
  }

  private Map<String, ChainSetup.Connected> connected() throws IOException {
    try {
      return connecting.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof UncheckedIOException unreadable) {
        throw new IOException(unreadable.getMessage(), unreadable);
      }
      throw e;
    }
  }

  private PaymentDesk desk(List<Route> routes) throws IOException {
    InstantSource clock = InstantSource.system();
    List<byte[]> secrets = new ArrayList<>();
    secrets.add(SecretFile.read(home.resolve(config.challenge().secretFile())));
    for (String previous : config.challenge().previousSecretFiles()) {
      secrets.add(SecretFile.read(home.resolve(previous)));
    }
    Challenges challenges =
        new Challenges(
            config.realm(),
            Duration.ofSeconds(config.challenge().lifetimeSeconds()),
            secrets,
            clock);
    List<Offer> offers = routes.stream().map(Route::offer).filter(Objects::nonNull).toList();
    return new PaymentDesk(tabs, challenges, offers, clock);
  }

  private void listen(List<Route> routes, PaymentDesk desk) {
    Metrics metrics = new Metrics(registry);
    RouteTable table = new RouteTable(routes);
    HttpServerOptions options = serverOptions(config.listen(), config.tls());
    int loops = Runtime.getRuntime().availableProcessors();
    await(
        vertx.deployVerticle(
            () -> new ProxyServer(options, table, desk, metrics, port::set),
            new DeploymentOptions().setInstances(loops)));
  }

  private void manage() {
    Listen listen = config.management();
    if (listen != null) {
      HttpServerOptions options = serverOptions(listen, null);
      await(
          vertx.deployVerticle(
              new ManagementServer(
                  options, registry, tabs, chains, settlers, managementPort::set)));
    }
  }

  private HttpServerOptions serverOptions(Listen listen, GatewayConfig.@Nullable Tls tls) {
    HttpServerOptions options =
        new HttpServerOptions()
            .setHost(listen.host())
            // Vert.x: listeners on the same negative port share one free port
            .setPort(listen.port() == 0 ? -1 : listen.port())
            .setMaxHeaderSize(MAX_HEADER_BYTES)
            .setMaxInitialLineLength(MAX_REQUEST_LINE_BYTES)
            .setInitialSettings(new Http2Settings().setMaxHeaderListSize(MAX_HEADER_BYTES))
            .setMaxWebSocketFrameSize(MAX_FRAME_BYTES)
            .setMaxWebSocketMessageSize(MAX_FRAME_BYTES)
            .setIdleTimeout(IDLE_SECONDS)
            .setTcpNoDelay(true);
    if (tls != null) {
      options
          .setSsl(true)
          .setUseAlpn(true)
          .setKeyCertOptions(
              new PemKeyCertOptions()
                  .addCertPath(home.resolve(tls.certificate()).toString())
                  .addKeyPath(home.resolve(tls.key()).toString()));
    }
    return options;
  }

  private Route route(RouteRule rule, Map<String, EvmSession> protocols) {
    Sale sale = rule.sale();
    if (sale != null) {
      requireRedeemable(rule.name(), sale, config.chain(sale.chain()));
    }
    Offer offer =
        sale == null
            ? null
            : offer(
                rule.name(),
                sale,
                config.chain(sale.chain()),
                Objects.requireNonNull(protocols.get(sale.chain())));
    return new Route(
        rule.name(), rule.match().host(), rule.match().path(), rule.free(), rule.origin(), offer);
  }

  private static Offer offer(String route, Sale sale, ChainAccess access, EvmSession protocol) {
    Terms terms =
        new Terms(
            protocol.chain().escrow(),
            sale.payee(),
            sale.token(),
            sale.minDeposit().max(sale.tariff().price()));
    List<String> types = credentialTypes(sale, access);
    SessionRequest request =
        new SessionRequest(
            sale.tariff(),
            sale.suggestedDeposit(),
            sale.token(),
            sale.payee(),
            sale.description(),
            terms.escrow(),
            sale.minVoucherDelta(),
            types.size() > 1,
            types,
            access.permit2(),
            sale.policy().firstChunkQuanta(),
            PaymentDesk.SOCKET_PATH);
    return Offer.of(
        route, sale.policy(), terms, protocol, request, sale.credit(), sale.maxStreamsPerChannel());
  }

  /** Whoever sells must be able to redeem, and must not pay for deposits that cover nothing. */
  private void requireRedeemable(String route, Sale sale, ChainAccess access) {
    Address account = Objects.requireNonNull(accounts.get(access.name()));
    if (!sale.payee().equals(account)) {
      throw new IllegalStateException(
          "routes."
              + route
              + ".payee must be "
              + account
              + ", the account of the key of chains."
              + access.name()
              + ": nobody else can redeem what is paid");
    }
    if (access.feePayer() && sale.minDeposit().compareTo(Amount.of(1)) <= 0) {
      throw new IllegalStateException(
          "routes."
              + route
              + ".minDeposit is needed where the gateway pays for deposits: set it"
              + " well above what the gas of an open and a close costs");
    }
  }

  /** Ways of funding; the native coin knows no authorizations. */
  private static List<String> credentialTypes(Sale sale, ChainAccess access) {
    if (!access.feePayer() || sale.token().isZero()) {
      return List.of("hash");
    }
    return access.permit2() == null
        ? List.of("authorization", "hash")
        : List.of("authorization", "permit2", "hash");
  }

  String url() {
    return (config.tls() == null ? "http://" : "https://") + hostAndPort(config.listen(), port);
  }

  @Nullable String managementUrl() {
    Listen listen = config.management();
    return listen == null ? null : "http://" + hostAndPort(listen, managementPort);
  }

  private static String hostAndPort(Listen listen, AtomicInteger port) {
    String host = listen.host().contains(":") ? "[" + listen.host() + "]" : listen.host();
    return host + ":" + port.get();
  }

  /** Ends every stream, gives back what they reserved, and closes the ledger behind them. */
  void stop() {
    try {
      // Listeners first: Vert.x closes its clients before its servers, and waits for their sockets.
      await(Future.join(vertx.deploymentIDs().stream().map(vertx::undeploy).toList()));
      settleLast();
      await(vertx.close());
    } finally {
      chains.values().forEach(Chain::close); // they write down what they do
      tabs.close();
      ledger.close();
    }
  }

  /** Where other gateways sell on, they settle as well. */
  private void settleLast() {
    if (ledger.isShared()) {
      return;
    }
    for (ChainAccess access : config.chains()) {
      if (!settlers.isEmpty() && access.settlement().onShutdown()) {
        LOG.info("Settling on chain {} before the end", access.name());
        await(
            settler(access)
                .settleAll(false)
                .timeout(LAST_SETTLEMENT_SECONDS, TimeUnit.SECONDS)
                .onFailure(late -> LOG.warn("Not all was settled on chain {}", access.name(), late))
                .otherwiseEmpty());
      }
    }
  }

  private static <T> T await(Future<T> future) {
    try {
      return future.toCompletionStage().toCompletableFuture().join();
    } catch (CompletionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IllegalStateException(cause.getMessage(), cause);
    }
  }
}
