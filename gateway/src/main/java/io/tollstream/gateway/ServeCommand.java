package io.tollstream.gateway;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tollstream serve}: runs the gateway until it is told to stop. */
@Command(name = "serve", description = "Run the gateway.", mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {
  @Option(names = "--config", paramLabel = "FILE", description = "The configuration, YAML.")
  private Path config = Path.of("config.yaml");

  @Option(
      names = "--ports-file",
      paramLabel = "FILE",
      description = "Write the URLs listened on there, as one line of JSON.")
  private @Nullable Path portsFile;

  @Override
  public Integer call() throws Exception {
    Gateway gateway = Gateway.start(config.toAbsolutePath(), ConfigReader.read(config));
    CountDownLatch stopped = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  gateway.stop();
                  stopped.countDown();
                },
                "shutdown"));
    announce(gateway);
    stopped.await();
    return 0;
  }

  private void announce(Gateway gateway) throws IOException {
    Path file = portsFile;
    if (file != null) {
      JsonObject urls =
          new JsonObject().put("gateway", gateway.url()).put("management", gateway.managementUrl());
      Path part = file.resolveSibling(file.getFileName() + ".part");
      Files.writeString(part, urls.encode() + "\n");
      Files.move(part, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    }
    long millis = System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime();
    System.out.println("tollstream gateway ready in " + millis + " ms on " + gateway.url());
    System.out.flush();
  }
}
