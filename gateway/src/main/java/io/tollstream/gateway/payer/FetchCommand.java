package io.tollstream.gateway.payer;

import java.net.URI;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tollstream fetch}: downloads and pays. */
@Command(
    name = "fetch",
    description = "Download and pay; goes on where an earlier run was cut off.",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:the file is whole",
      "1:it is not: refused by policy or by the gateway, or not to be reached; run it again to go on",
      "2:a mistake on the command line"
    })
public final class FetchCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(FetchCommand.class);

  @Parameters(paramLabel = "URL", description = "What to download.")
  private URI url = URI.create("");

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Where to; - for standard output; the URL's last part otherwise.")
  private @Nullable String output;

  @Option(
      names = {"-q", "--quiet"},
      description = "Say nothing unless it fails.")
  private boolean quiet;

  @Mixin private final WalletOptions options = new WalletOptions();

  /** For picocli. */
  public FetchCommand() {}

  @Override
  public Integer call() throws Exception {
    SpendingPolicy policy = options.policy();
    GatewayOrigin origin = options.origin("URL", url);
    String target = output == null ? nameOf(url) : output;
    boolean toStdout = target.equals("-");
    try (Wallets wallets = options.wallets();
        Download download =
            toStdout
                ? Download.toStandardOutput(origin)
                : Download.to(Path.of(target).toAbsolutePath(), origin)) {
      Run run = Run.start(origin, policy, options.store(), wallets);
      Thread finish = new Thread(() -> finish(run), "shutdown");
      Runtime.getRuntime().addShutdownHook(finish);
      FetchProgress progress = new FetchProgress(System.err, style());
      Fetch fetch = run.on(client -> new Fetch(client, download, progress));
      return download(run, fetch, finish);
    }
  }

  private Integer download(Run run, Fetch fetch, Thread finish) throws InterruptedException {
    String query = url.getRawQuery() == null ? "" : "?" + url.getRawQuery();
    String path = url.getRawPath() == null || url.getRawPath().isEmpty() ? "/" : url.getRawPath();
    try {
      run.begin(() -> fetch.run(path + query)).toCompletionStage().toCompletableFuture().get();
      return 0;
    } catch (ExecutionException e) {
      System.err.println("tollstream fetch: " + message(e.getCause()));
      return 1;
    } finally {
      finish(run);
      Runtime.getRuntime().removeShutdownHook(finish);
    }
  }

  private static String message(@Nullable Throwable cause) {
    return cause == null || cause.getMessage() == null ? String.valueOf(cause) : cause.getMessage();
  }

  private static void finish(Run run) {
    try {
      run.await(() -> run.client().finish(), 10, TimeUnit.SECONDS);
      run.close();
    } catch (Exception e) {
      LOG.debug("finishing: {}", e.toString());
    }
  }

  private FetchProgress.Style style() {
    if (quiet) {
      return FetchProgress.Style.QUIET;
    }
    return CommandLine.Help.Ansi.AUTO.enabled()
        ? FetchProgress.Style.TERMINAL
        : FetchProgress.Style.LINES;
  }

  private String nameOf(URI from) {
    String path = from.getPath() == null ? "" : from.getPath();
    String name = path.substring(path.lastIndexOf('/') + 1);
    if (name.isEmpty() || name.equals(".") || name.equals("..")) {
      throw options.wrong("the URL names no file; say where to with -o FILE");
    }
    return name;
  }
}
