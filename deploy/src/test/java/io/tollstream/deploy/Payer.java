package io.tollstream.deploy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/**
 * Somebody with money of their own: a key file, a place to remember channels, and the {@code
 * tollstream} commands run with both.
 */
final class Payer {
  private static final Path JAR = Demo.ROOT.resolve("gateway/target/tollstream.jar");
  private static final String JAVA =
      Path.of(System.getProperty("java.home"), "bin", "java").toString();

  private final Demo demo;
  private final Demo.Account account;
  private final Path directory;

  Payer(Demo demo, Demo.Account account, Path directory) throws IOException {
    this.demo = demo;
    this.account = account;
    this.directory = directory;
    Path key =
        Files.createFile(
            keyFile(),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(key, account.key() + "\n");
  }

  String address() {
    return account.address();
  }

  /** The command line of {@code tollstream} with this payer's wallet. */
  List<String> command(String... arguments) {
    List<String> command = new ArrayList<>(List.of(JAVA, "-jar", JAR.toString()));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--rpc", demo.text("rpc"), "--key-file", keyFile().toString()));
    command.addAll(List.of("--state", directory.resolve("state").toString()));
    return command;
  }

  /** Closes every channel this payer has, with the gateway's consent. */
  Program.Outcome closeAll() throws Exception {
    return Program.run(command("wallet", "close", "--all", "--gateway", demo.text("gateway")));
  }

  private Path keyFile() {
    return directory.resolve("key");
  }
}
