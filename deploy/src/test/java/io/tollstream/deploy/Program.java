package io.tollstream.deploy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs other people's programs, and says which Debian package to install where one is missing. */
final class Program {
  private static final Duration LIMIT = Duration.ofMinutes(3);

  private Program() {}

  /** What a program said, both streams together. */
  record Outcome(int status, String output) {
    Outcome orFail() {
      assertEquals(0, status, output);
      return this;
    }
  }

  /**
   * The command, once its program is known to be here.
   *
   * @param debianPackage that installs {@code command[0]}
   */
  static List<String> of(String debianPackage, String... command) {
    boolean installed =
        Stream.of(System.getenv("PATH").split(File.pathSeparator))
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, command[0])));
    if (!installed) {
      throw new AssertionError("install the Debian package " + debianPackage);
    }
    return List.of(command);
  }

  /** Runs a command to its end. */
  static Outcome run(List<String> command) throws Exception {
    Path output = Files.createTempFile("tollstream-program-", ".log");
    try {
      Process process = start(command, output);
      if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
        throw new AssertionError(command.get(0) + " took too long:\n" + Files.readString(output));
      }
      return new Outcome(process.exitValue(), Files.readString(output, UTF_8));
    } finally {
      Files.delete(output);
    }
  }

  /** Starts a command whose both streams go to a file. */
  static Process start(List<String> command, Path output) throws IOException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(output.toFile())
        .redirectInput(new File("/dev/null"))
        .start();
  }
}
