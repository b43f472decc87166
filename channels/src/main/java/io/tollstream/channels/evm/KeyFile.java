package io.tollstream.channels.evm;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import org.bouncycastle.util.BigIntegers;
import org.jspecify.annotations.Nullable;
import org.web3j.crypto.ECKeyPair;
import org.web3j.crypto.Wallet;
import org.web3j.crypto.WalletFile;
import org.web3j.crypto.exception.CipherException;

/**
 * A private key on disk: an encrypted keystore (version 3, as geth and web3j write it), or 32 bytes
 * of hexadecimal. Messages name the file and what is wrong with it, never what is in it.
 */
public final class KeyFile {
  private static final int SCRYPT_N = 1 << 17;
  private static final int SCRYPT_P = 1;
  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  private KeyFile() {}

  /**
   * Whether the file is an encrypted keystore, which {@link #read} needs a password for.
   *
   * @throws IOException if it cannot be read, or others than its owner can read it
   */
  public static boolean isEncrypted(Path file) throws IOException {
    return load(file).startsWith("{");
  }

  /**
   * Reads a key.
   *
   * @param password of an encrypted keystore; not used for a plain key
   * @throws IOException if there is no key to be had, with a message fit for the user
   */
  public static LocalSigner read(Path file, @Nullable String password) throws IOException {
    String text = load(file);
    if (!text.startsWith("{")) {
      return signer(file, parseHex(file, text));
    }
    if (password == null) {
      throw new IOException(file + " is encrypted: a password is needed");
    }
    return signer(file, decrypt(file, text, password));
  }

  /**
   * Makes a new key and keeps it in a new encrypted keystore that only its owner can read.
   *
   * @throws IOException if the file exists or cannot be written
   */
  public static LocalSigner create(Path file, String password, SecureRandom random)
      throws IOException {
    byte[] key = new byte[32];
    do {
      random.nextBytes(key);
    } while (!Secp256k1.best().isPrivateKey(key));
    byte[] keystore = encrypt(key, password);
    Files.createFile(file, ownerOnly());
    Files.write(file, keystore);
    return LocalSigner.of(key);
  }

  private static byte[] encrypt(byte[] key, String password) throws IOException {
    try {
      return JSON.writeValueAsBytes(
          Wallet.create(password, ECKeyPair.create(key), SCRYPT_N, SCRYPT_P));
    } catch (CipherException e) {
      throw new IOException("the new key could not be encrypted", e);
    }
  }

  private static FileAttribute<?>[] ownerOnly() {
    return PrivateFile.isPosix()
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
        }
        : new FileAttribute<?>[0];
  }

  private static String load(Path file) throws IOException {
    return new String(PrivateFile.read(file), StandardCharsets.ISO_8859_1).strip();
  }

  private static byte[] parseHex(Path file, String text) throws IOException {
    try {
      return HexFormat.of().parseHex(text.startsWith("0x") ? text.substring(2) : text);
    } catch (IllegalArgumentException e) {
      // Not as a cause: its message quotes the text.
      throw new IOException(file + " is neither a keystore nor 32 bytes of hexadecimal");
    }
  }

  private static byte[] decrypt(Path file, String text, String password) throws IOException {
    try {
      ECKeyPair pair = Wallet.decrypt(password, JSON.readValue(text, WalletFile.class));
      return BigIntegers.asUnsignedByteArray(32, pair.getPrivateKey());
    } catch (JsonProcessingException e) {
      throw new IOException(file + " is not a keystore of version 3");
    } catch (CipherException | RuntimeException e) {
      throw new IOException(file + " could not be decrypted: wrong password, or damaged");
    }
  }

  private static LocalSigner signer(Path file, byte[] key) throws IOException {
    try {
      return LocalSigner.of(key);
    } catch (IllegalArgumentException e) {
      throw new IOException(file + " does not hold a private key of secp256k1");
    }
  }
}
