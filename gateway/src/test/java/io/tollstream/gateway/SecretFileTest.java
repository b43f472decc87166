package io.tollstream.gateway;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SecretFileTest {
  private static final byte[] SECRET = {1, 2, 3, '\n', 0};

  @TempDir private Path directory = Path.of(".");

  @ParameterizedTest
  @ValueSource(strings = {"rw-------", "r--------"})
  void read_ownersOwn_isItsBytesAsTheyAre(String permissions) throws IOException {
    assertArrayEquals(SECRET, SecretFile.read(file(permissions)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-r-----", "rw----r--", "rw--w----", "rw-----w-", "rwxrwxrwx"})
  void read_openToOthers_isRefusedWithTheCommandThatMendsIt(String permissions) throws IOException {
    Path file = file(permissions);
    String message = assertThrows(IOException.class, () -> SecretFile.read(file)).getMessage();
    assertTrue(String.valueOf(message).contains("chmod 600 " + file), message);
  }

  @Test
  void read_missing_isRefusedWithTheCommandThatMakesIt() {
    Path file = directory.resolve("none");
    String message = assertThrows(IOException.class, () -> SecretFile.read(file)).getMessage();
    assertTrue(String.valueOf(message).contains("/dev/urandom > " + file), message);
  }

  @Test
  void read_directory_isRefused() {
    assertThrows(IOException.class, () -> SecretFile.read(directory));
  }

  private Path file(String permissions) throws IOException {
    Path file = directory.resolve("secret");
    Files.write(file, SECRET);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
  }
}
