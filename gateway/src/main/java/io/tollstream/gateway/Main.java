package io.tollstream.gateway;

import io.tollstream.gateway.admin.ChannelsCommand;
import io.tollstream.gateway.payer.FetchCommand;
import io.tollstream.gateway.payer.PayCommand;
import io.tollstream.gateway.payer.WalletCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code tollstream} command. */
@Command(
    name = "tollstream",
    description = "Sells streams by the byte, and pays for them.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    subcommands = {
      ServeCommand.class,
      CheckCommand.class,
      ContractsCommand.class,
      LedgerCommand.class,
      ChannelsCommand.class,
      PayCommand.class,
      FetchCommand.class,
      WalletCommand.class
    })
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    int status = commandLine().execute(args);
    if (status != 0) {
      System.exit(status);
    }
  }

  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setExecutionExceptionHandler(
            (failure, command, parsed) -> {
              command.getErr().println("tollstream: " + failure.getMessage());
              return 1;
            });
  }

  /** The version the jar was built as. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {"tollstream " + (version == null ? "unpackaged" : version)};
    }
  }
}
