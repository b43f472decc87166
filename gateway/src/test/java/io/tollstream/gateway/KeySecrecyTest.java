package io.tollstream.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import io.tollstream.channels.evm.Anvil;
import io.tollstream.channels.evm.KeyFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Keys and passwords are in no log, no output and no error, whatever becomes of them. */
final class KeySecrecyTest {
  private static final Logger ROOT = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
  private static final Logger OURS = (Logger) LoggerFactory.getLogger("io.tollstream");
  private static final String PASSWORD = "correct horse battery";

  /** The password of the environment can only be what some variable says. */
  private static final String VARIABLE = "PATH";

  @TempDir private Path home = Path.of(".");
  private final StringWriter printed = new StringWriter();
  private final List<String> logged = Collections.synchronizedList(new ArrayList<>());
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          logged.add(event.getFormattedMessage());
          if (event.getThrowableProxy() != null) {
            logged.add(ThrowableProxyUtil.asString(event.getThrowableProxy()));
          }
        }
      };
  private final Level level = ROOT.getLevel();
  private final Level ours = OURS.getLevel();

  @BeforeEach
  void listen() {
    appender.start();
    ROOT.setLevel(Level.TRACE);
    OURS.setLevel(Level.TRACE);
    ROOT.addAppender(appender);
  }

  @AfterEach
  void stopListening() {
    ROOT.detachAppender(appender);
    ROOT.setLevel(level);
    OURS.setLevel(ours);
  }

  @Test
  void keysAndPasswords_usedRightOrWrong_areNowhere() throws IOException {
    try (Anvil anvil = Anvil.start()) {
      String key = anvil.accountKey(0).substring(2);
      String url = anvil.url().toString();
      Path plain = secret("plain", anvil.accountKey(0));
      assertEquals(0, deploy(url, plain));
      assertEquals(1, deploy(url, secret("long", key + "0")));
      assertEquals(1, deploy(url, secret("junk", "x" + key.substring(1))));
      assertEquals(1, deploy(url, secret("damaged", "{\"version\": \"" + key + "\"}")));
      Files.setPosixFilePermissions(plain, PosixFilePermissions.fromString("rw-r--r--"));
      assertEquals(1, deploy(url, plain));

      Path keystore = home.resolve("keystore.json");
      var unused = KeyFile.create(keystore, PASSWORD, new SecureRandom());
      Path right = secret("right", PASSWORD);
      Path wrong = secret("wrong", PASSWORD + "!");
      // The new account has no coin: its key is right, and the chain refuses it.
      assertEquals(1, deploy(url, keystore, "--password-file", right.toString()));
      assertSaid("the chain refused");
      assertEquals(1, deploy(url, keystore, "--password-file", wrong.toString()));
      assertSaid("wrong password");
      assertEquals(1, deploy(url, keystore));
      Files.setPosixFilePermissions(right, PosixFilePermissions.fromString("rw-rw-rw-"));
      assertEquals(1, deploy(url, keystore, "--password-file", right.toString()));
      assertSaid("chmod 600 " + right);
      assertEquals(1, deploy(url, keystore, "--password-env", VARIABLE));

      assertNowhere(key.substring(1));
      assertNowhere(PASSWORD);
      assertNowhere(System.getenv(VARIABLE));
    }
  }

  @Test
  void password_inTheEnvironment_opensTheKeystore() throws IOException {
    try (Anvil anvil = Anvil.start()) {
      Path keystore = home.resolve("keystore.json");
      var account = KeyFile.create(keystore, System.getenv(VARIABLE), new SecureRandom());
      anvil.rpc("anvil_setBalance", account.address().hex(), "0xde0b6b3a7640000");
      String url = anvil.url().toString();
      assertEquals(0, deploy(url, keystore, "--password-env", VARIABLE), printed::toString);
      assertEquals(1, deploy(url, keystore, "--password-env", "TOLLSTREAM_NO_SUCH_VARIABLE"));
      assertSaid("TOLLSTREAM_NO_SUCH_VARIABLE, for the password, is not set");
      assertEquals(1, deploy(url, keystore, "--password-env", VARIABLE, "--password-file", "some"));
      assertSaid("not both");
    }
  }

  private int deploy(String url, Path key, String... more) {
    List<String> all =
        new ArrayList<>(List.of("contracts", "deploy", "--rpc", url, "--key-file", key.toString()));
    all.addAll(List.of(more));
    PrintWriter writer = new PrintWriter(printed, true);
    return Main.commandLine().setOut(writer).setErr(writer).execute(all.toArray(String[]::new));
  }

  private Path secret(String name, String text) throws IOException {
    Path file = home.resolve(name);
    SecretFile.create(file);
    return Files.writeString(file, text);
  }

  private void assertSaid(String expected) {
    assertTrue(printed.toString().contains(expected), printed::toString);
  }

  private void assertNowhere(String secret) {
    assertFalse(logged.isEmpty());
    String all = (printed + String.join("\n", logged)).toLowerCase(Locale.ROOT);
    assertFalse(all.contains(secret.toLowerCase(Locale.ROOT)), all);
  }
}
