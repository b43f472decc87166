package io.tollstream.gateway.payer;

import java.net.URI;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tollstream pay}: the local paying proxy, until it is told to stop. */
@Command(
    name = "pay",
    description = "Pay for what players on this machine play: a local proxy before a gateway.",
    mixinStandardHelpOptions = true)
public final class PayCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(PayCommand.class);

  @Option(
      names = "--gateway",
      required = true,
      paramLabel = "URL",
      description = "The gateway that is paid.")
  private URI gateway = URI.create("");

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      description = "Where players connect; port 0 for a free one (${DEFAULT-VALUE}).")
  private String listen = "127.0.0.1:8402";

  @Option(
      names = "--allow-remote",
      description = "Listen beyond this machine: whoever can connect spends your budget.")
  private boolean allowRemote;

  @Option(
      names = "--allow-host",
      paramLabel = "HOST[:PORT]",
      description = "Answer to this Host, too.")
  private List<String> hosts = List.of();

  @Option(
      names = "--allow-origin",
      paramLabel = "ORIGIN",
      description = "Let web pages of this origin spend, such as https://tv.example.")
  private List<String> origins = List.of();

  @Mixin private final WalletOptions options = new WalletOptions();

  /** For picocli. */
  public PayCommand() {}

  @Override
  public Integer call() throws Exception {
    SpendingPolicy policy = options.policy();
    GatewayOrigin origin = options.origin("--gateway", gateway);
    requireNoPath();
    Listen where = where();
    try (Wallets wallets = options.wallets()) {
      Run started = Run.start(origin, policy, options.store(), wallets);
      PlayerGuard guard = new PlayerGuard(new HashSet<>(hosts), new HashSet<>(origins));
      PayerStatus status = new PayerStatus(wallets.payer(), policy);
      PayingProxy proxy = started.on(client -> new PayingProxy(client, guard, status));
      int port = started.await(() -> proxy.listen(where.host, where.port));
      CountDownLatch stopped = new CountDownLatch(1);
      stopOnSignal(started, proxy, stopped);
      System.out.println("tollstream pay ready on http://" + where.authority(port));
      System.out.flush();
      stopped.await();
    }
    return 0;
  }

  private void requireNoPath() {
    String path = gateway.getRawPath();
    if (path != null && !path.isEmpty() && !path.equals("/")) {
      throw options.wrong("--gateway: expected an origin, without the path " + path);
    }
  }

  private record Listen(String host, int port) {
    String authority(int actual) {
      return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + actual;
    }
  }

  private Listen where() {
    URI uri;
    try {
      uri = new URI("tcp://" + listen);
    } catch (java.net.URISyntaxException e) {
      throw options.wrong("--listen: expected HOST:PORT");
    }
    if (uri.getHost() == null || uri.getPort() < 0) {
      throw options.wrong("--listen: expected HOST:PORT, such as 127.0.0.1:8402");
    }
    String host = uri.getHost().replace("[", "").replace("]", "");
    if (!GatewayOrigin.isLoopback(host) && !allowRemote) {
      throw options.wrong(
          "--listen "
              + listen
              + " is open to others, who would spend your budget;"
              + " listen on 127.0.0.1, or add --allow-remote");
    }
    return new Listen(host, uri.getPort());
  }

  private static void stopOnSignal(Run run, PayingProxy proxy, CountDownLatch stopped) {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  try {
                    run.await(proxy::close, 15, TimeUnit.SECONDS);
                    run.close();
                  } catch (Exception e) {
                    LOG.error("stopping: {}", e.toString());
                  } finally {
                    stopped.countDown();
                  }
                },
                "shutdown"));
  }
}
