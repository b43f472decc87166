package io.tollstream.gateway;

import static io.tollstream.gateway.ConfigChecks.check;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.annotation.JsonCreator;
import io.tollstream.channels.Signer;
import io.tollstream.channels.evm.KeyFile;
import io.tollstream.channels.evm.PrivateFile;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where a private key is kept: plain, or in a keystore whose password is in a file or in an
 * environment variable.
 */
record KeySource(
    @Nullable String keyFile,
    @Nullable String keystore,
    @Nullable String passwordFile,
    @Nullable String passwordEnv) {

  KeySource {
    check(
        passwordFile == null || passwordEnv == null,
        "passwordFile",
        "give it, or passwordEnv, the name of an environment variable; not both");
  }

  /** The key that pays for gas. */
  @JsonCreator
  static KeySource gas(
      @Nullable String keyFile,
      @Nullable String keystore,
      @Nullable String passwordFile,
      @Nullable String passwordEnv) {
    return of("gas", "keyFile", keyFile, keystore, passwordFile, passwordEnv);
  }

  /**
   * A key that the configuration names.
   *
   * @param where it does
   * @param plain what it calls the plain key there
   */
  static KeySource of(
      String where,
      String plain,
      @Nullable String keyFile,
      @Nullable String keystore,
      @Nullable String passwordFile,
      @Nullable String passwordEnv) {
    check(
        (keyFile == null) != (keystore == null),
        where,
        "give %s, or keystore and passwordFile or passwordEnv".formatted(plain));
    check(
        keystore == null || passwordFile != null || passwordEnv != null,
        where + ".passwordFile",
        "a keystore needs one, or passwordEnv, the name of an environment variable");
    return new KeySource(keyFile, keystore, passwordFile, passwordEnv);
  }

  /**
   * Reads the key.
   *
   * @param home what the paths are relative to
   * @throws IOException if there is none to be had, with a message fit for the user
   */
  Signer read(Path home) throws IOException {
    Path file = home.resolve(keyFile == null ? String.valueOf(keystore) : keyFile);
    return KeyFile.read(file, password(home));
  }

  private @Nullable String password(Path home) throws IOException {
    if (passwordFile != null) {
      return new String(PrivateFile.read(home.resolve(passwordFile)), UTF_8).strip();
    }
    if (passwordEnv == null) {
      return null;
    }
    String password = System.getenv(passwordEnv);
    if (password == null) {
      throw new IOException(
          "the environment variable " + passwordEnv + ", for the password, is not set");
    }
    return password;
  }
}
