package io.tollstream.gateway;

import io.tollstream.channels.Chain;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signer;
import io.tollstream.channels.evm.EvmChain;
import io.tollstream.channels.evm.EvmEscrow;
import io.tollstream.channels.evm.EvmNetwork;
import io.tollstream.channels.evm.Finality;
import io.tollstream.channels.evm.KeyFile;
import io.tollstream.gateway.GatewayConfig.ChainAccess;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reaches a chain as the configuration says. */
final class ChainSetup {
  private static final Logger LOG = LoggerFactory.getLogger(ChainSetup.class);
  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration TRANSACTION_TIMEOUT = Duration.ofMinutes(2);

  private ChainSetup() {}

  /**
   * Reads the payee's key and looks at the escrow. A chain that cannot be asked now may be asked
   * later; an escrow that is not what the configuration says is an error.
   *
   * @throws IOException if the key cannot be read
   * @throws IllegalStateException if the escrow is another one
   */
  static Chain connect(ChainAccess access, Path home) throws IOException {
    EvmNetwork network =
        new EvmNetwork(
            access.rpc().stream().map(URI::create).toList(),
            access.chainId(),
            REQUEST_TIMEOUT,
            Duration.ofMillis(access.pollMillis()),
            TRANSACTION_TIMEOUT);
    EvmChain chain =
        new EvmChain(
            new EvmEscrow(network, access.escrow(), access.domainName(), finality(access)),
            signer(access, home));
    Result<Escrow> probed = chain.probe().toCompletableFuture().join();
    if (probed instanceof Result.Refused<Escrow> refused) {
      if (!(refused.refusal() instanceof Refusal.Unavailable)) {
        chain.close();
        throw new IllegalStateException(
            "chains." + access.name() + ": the escrow is not as configured: " + refused.refusal());
      }
      LOG.warn("Chain {} cannot be asked; known deposits keep working", access.name());
    }
    return chain;
  }

  private static Finality finality(ChainAccess access) {
    return switch (access.finality().tag()) {
      case "safe" -> Finality.safe();
      case "finalized" -> Finality.finalized();
      default -> Finality.confirmations(access.finality().confirmations());
    };
  }

  private static Signer signer(ChainAccess access, Path home) throws IOException {
    String plain = access.payeeKeyFile();
    String keystore = access.keystore();
    Path file = home.resolve(plain == null ? String.valueOf(keystore) : plain);
    return KeyFile.read(file, password(access, home));
  }

  private static @Nullable String password(ChainAccess access, Path home) throws IOException {
    String file = access.passwordFile();
    return file == null ? null : Files.readString(home.resolve(file)).strip();
  }
}
