package io.tollstream.gateway;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code tollstream check}: says what is wrong with a configuration, and starts nothing. */
@Command(
    name = "check",
    description = "Check a configuration file.",
    mixinStandardHelpOptions = true)
final class CheckCommand implements Callable<Integer> {
  @Parameters(paramLabel = "FILE", description = "The configuration, YAML.")
  private Path file = Path.of("config.yaml");

  @Override
  public Integer call() {
    GatewayConfig config = ConfigReader.read(file);
    System.out.println(
        file + ": " + config.routes().size() + " routes, " + config.chains().size() + " chains");
    return 0;
  }
}
