package io.tollstream.deploy.crash;

import io.tollstream.channels.Address;
import io.tollstream.channels.Hex;
import io.tollstream.channels.Wallet;
import io.tollstream.channels.evm.Anvil;
import io.tollstream.channels.evm.Deployer;
import io.tollstream.channels.evm.EvmEscrow;
import io.tollstream.channels.evm.EvmWallet;
import io.tollstream.channels.evm.LocalEscrow;
import io.tollstream.channels.evm.LocalSigner;
import io.tollstream.metering.Amount;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** What outlives every gateway: the chain with its escrow, the origin, keys and secrets. */
final class Market implements AutoCloseable {
  /** The largest reservation of a stream; small, so that a run makes many. */
  static final int CHUNK_BYTES = 128 * 1024;

  /** What a payer has to spend, over all of its channels. */
  static final Amount FUNDS = Amount.of(1_000_000_000_000L);

  private static final int FIRST_CHUNK_BYTES = 16 * 1024;
  private static final String COINS = "0x56bc75e2d63100000"; // 100, for gas

  private final Path home;
  private final LocalEscrow escrow;
  private final Origin origin;

  private Market(Path home, LocalEscrow escrow, Origin origin) {
    this.home = home;
    this.escrow = escrow;
    this.origin = origin;
  }

  static Market open(Path home, Random random) throws IOException, InterruptedException {
    byte[] secret = new byte[32];
    random.nextBytes(secret);
    writeSecret(home.resolve("challenge"), Hex.encode(secret));
    LocalEscrow escrow = LocalEscrow.start();
    try {
      writeSecret(home.resolve("payee"), escrow.anvil.accountKey(1));
      return new Market(home, escrow, Origin.start(home));
    } catch (IOException | RuntimeException | Error e) {
      escrow.close();
      throw e;
    }
  }

  static void writeSecret(Path file, String secret) throws IOException {
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(file, secret + "\n");
  }

  /** The directory of configurations, secrets and logs. */
  Path home() {
    return home;
  }

  Address payee() {
    return escrow.payee.address();
  }

  Address token() {
    return escrow.token;
  }

  /** So many wallets with fresh keys, coins for gas, and funds. */
  List<Wallet> wallets(int count, Random random) {
    List<Wallet> wallets = new ArrayList<>();
    try (Deployer minter = new Deployer(escrow.escrow.network(), escrow.anvil.account(0))) {
      for (int i = 0; i < count; i++) {
        byte[] key = new byte[32];
        random.nextBytes(key);
        Wallet wallet = new EvmWallet(escrow.escrow, LocalSigner.of(key));
        escrow.anvil.rpc("anvil_setBalance", wallet.address().hex(), COINS);
        LocalEscrow.ok(minter.mint(token(), wallet.address(), FUNDS));
        wallets.add(wallet);
      }
    }
    return wallets;
  }

  /** What an account holds of the token, read by no code of the product's. */
  Amount balance(Address account) {
    String call = "0x70a08231" + "0".repeat(24) + account.hex().substring(2);
    String held =
        escrow.anvil.rpc("eth_call", Map.of("to", token().hex(), "data", call), "latest").asText();
    return new Amount(new BigInteger(held.substring(2), 16));
  }

  /** What the escrow holds of the token. */
  Amount inEscrow() {
    return balance(escrow.escrow.contract());
  }

  /** Writes the configuration of a gateway. */
  Path configure(String name, String ledger, int port, int managementPort) throws IOException {
    StringBuilder config =
        new StringBuilder(
            """
            listen: 127.0.0.1:%d
            management: 127.0.0.1:%d
            ledger: %s
            challenge: {secretFile: challenge}
            chains:
              - name: local
                chainId: %d
                rpc: ["%s"]
                escrow: "%s"
                finality: {tag: latest, confirmations: 1}
                payeeKeyFile: payee
                pollMillis: 10
                sweepSeconds: 1
            routes:
            """
                .formatted(
                    port,
                    managementPort,
                    ledger,
                    Anvil.CHAIN_ID,
                    escrow.anvil.url(),
                    escrow.escrow.contract()));
    for (Ware ware : Ware.values()) {
      config.append(route(ware));
    }
    return Files.writeString(home.resolve(name + ".yaml"), config);
  }

  private String route(Ware ware) {
    return """
          - name: %s
            match: {path: %s}
            origin: %s
            price: {amount: "%d", unit: %s}
            chain: local
            payee: "%s"
            token: "%s"
            chunk: {firstBytes: %d, maxBytes: %d}
        """
        .formatted(
            ware,
            ware.path(),
            origin.url(),
            ware.price(),
            ware.unit(),
            payee(),
            token(),
            FIRST_CHUNK_BYTES,
            CHUNK_BYTES);
  }

  EvmEscrow escrow() {
    return escrow.escrow;
  }

  @Override
  public void close() {
    origin.close();
    escrow.close();
  }
}
