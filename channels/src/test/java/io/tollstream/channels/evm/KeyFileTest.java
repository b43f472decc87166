package io.tollstream.channels.evm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class KeyFileTest {
  private static final String KEY =
      "0000000000000000000000000000000000000000000000000000000000000001";
  private static final Address ADDRESS = new Address("0x7e5f4552091a69125d5dfcb7b8c2659029395bdf");

  private final Path directory;

  KeyFileTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @ParameterizedTest
  @ValueSource(strings = {KEY, "0x" + KEY, "0x" + KEY + "\n", "  " + KEY + "\r\n"})
  void read_plainHexadecimal_givesItsAccount(String text) throws IOException {
    assertEquals(ADDRESS, KeyFile.read(file(text, "rw-------"), null).address());
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-r-----", "rw----r--", "rw--w----", "rw------x"})
  void read_othersCanReachIt_namesTheFix(String permissions) throws IOException {
    Path file = file(KEY, permissions);
    String message = refusal(file, "password");
    assertTrue(message.contains("chmod 600 " + file), message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"rwxrwx---", "rwx---rwx", "rwxrwxrwx"})
  void read_othersCanReplaceIt_namesTheDirectoryAndTheFix(String permissions) throws IOException {
    Path file = file(KEY, "rw-------");
    Path above = Files.createDirectories(directory.resolve("above/below"));
    Path moved = Files.move(file, above.resolve("key"));
    Path link = Files.createSymbolicLink(directory.resolve("link"), moved);
    assertEquals(ADDRESS, KeyFile.read(link, null).address());
    Files.setPosixFilePermissions(
        directory.resolve("above"), PosixFilePermissions.fromString(permissions));
    for (Path named : List.of(moved, link)) {
      String message = refusal(named, "password");
      assertTrue(message.contains("chmod go-w " + directory.resolve("above")), message);
    }
  }

  @Test
  void read_directoryIsSticky_isPrivateEnough() throws IOException {
    Path file = file(KEY, "rw-------");
    Files.setAttribute(directory, "unix:mode", 01777);
    assertEquals(ADDRESS, KeyFile.read(file, null).address());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "f00d",
        "zz00000000000000000000000000000000000000000000000000000000000001",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "{\"secret\": \"f00d\"}",
        "{f00d"
      })
  void read_noKeyInIt_saysSoAndQuotesNothing(String text) throws IOException {
    Path file = file(text, "rw-------");
    String message = refusal(file, "password").replace(file.toString(), "");
    assertFalse(message.contains("f00d") || message.contains("zz00"), message);
    assertFalse(message.contains(text), message);
  }

  @Test
  void create_thenReadWithItsPassword_givesTheSameAccount() throws IOException {
    Path file = directory.resolve("keystore.json");
    LocalSigner created = KeyFile.create(file, "correct horse", new SecureRandom());
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    assertTrue(KeyFile.isEncrypted(file));
    assertEquals(created.address(), KeyFile.read(file, "correct horse").address());
    assertThrows(IOException.class, () -> KeyFile.read(file, "wrong"));
    assertThrows(IOException.class, () -> KeyFile.read(file, null));
    assertThrows(
        FileAlreadyExistsException.class,
        () -> KeyFile.create(file, "another", new SecureRandom()));
  }

  @Test
  void read_keystoreOfAnotherProgram_givesItsAccount() throws IOException {
    // The PBKDF2 test vector of the Web3 Secret Storage Definition.
    String keystore =
        "{\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":"
            + "{\"iv\":\"6087dab2f9fdbbfaddc31a909735c1e6\"},\"ciphertext\":"
            + "\"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46\","
            + "\"kdf\":\"pbkdf2\",\"kdfparams\":{\"c\":262144,\"dklen\":32,"
            + "\"prf\":\"hmac-sha256\",\"salt\":"
            + "\"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd\"},"
            + "\"mac\":\"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2\"},"
            + "\"id\":\"3198bc9c-6672-5ab3-d995-4942343ae5b6\",\"version\":3}";
    Address expected = new Address("0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b");
    assertEquals(expected, KeyFile.read(file(keystore, "rw-------"), "testpassword").address());
  }

  @Test
  void signer_printed_showsItsAddressOnly() throws IOException {
    assertEquals(
        "LocalSigner[" + ADDRESS + "]", KeyFile.read(file(KEY, "r--------"), null).toString());
  }

  private static String refusal(Path file, String password) {
    IOException refusal = assertThrows(IOException.class, () -> KeyFile.read(file, password));
    return String.valueOf(refusal.getMessage());
  }

  private Path file(String text, String permissions) throws IOException {
    Path file = Files.writeString(directory.resolve("key"), text);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
  }
}
