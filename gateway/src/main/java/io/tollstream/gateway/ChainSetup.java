package io.tollstream.gateway;

import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signer;
import io.tollstream.channels.evm.EarlyFinality;
import io.tollstream.channels.evm.EvmChain;
import io.tollstream.channels.evm.EvmEscrow;
import io.tollstream.channels.evm.EvmNetwork;
import io.tollstream.channels.evm.Finality;
import io.tollstream.channels.evm.FollowPolicy;
import io.tollstream.channels.evm.GasPolicy;
import io.tollstream.gateway.GatewayConfig.ChainAccess;
import io.tollstream.metering.Amount;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reaches a chain as the configuration says. */
final class ChainSetup {
  private static final Logger LOG = LoggerFactory.getLogger(ChainSetup.class);
  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration TRANSACTION_TIMEOUT = Duration.ofMinutes(2);

  /**
   * A chain that can be asked.
   *
   * @param account whose key signs redemptions: the only payee that can be paid there
   */
  record Connected(EvmChain chain, Address account) {}

  private ChainSetup() {}

  /**
   * Makes ready to ask every configured chain.
   *
   * @param ledger where transactions are written down; it may still be opening
   * @throws UncheckedIOException if a key cannot be read
   */
  static Map<String, Connected> connect(GatewayConfig config, Path home, Supplier<Ledger> ledger) {
    Map<String, Connected> connected = new LinkedHashMap<>();
    for (ChainAccess access : config.chains()) {
      try {
        connected.put(access.name(), connect(access, home, ledger));
      } catch (IOException e) {
        throw new UncheckedIOException(e.getMessage(), e);
      }
    }
    return connected;
  }

  /**
   * Reads the payee's key and makes ready to ask the chain, which is not asked yet.
   *
   * @throws IOException if the key cannot be read
   */
  private static Connected connect(ChainAccess access, Path home, Supplier<Ledger> ledger)
      throws IOException {
    EvmNetwork network =
        new EvmNetwork(
            access.rpc().stream().map(URI::create).toList(),
            access.chainId(),
            REQUEST_TIMEOUT,
            Duration.ofMillis(access.pollMillis()),
            TRANSACTION_TIMEOUT,
            gas(access));
    EvmEscrow escrow =
        new EvmEscrow(
            network,
            access.escrow(),
            access.domainName(),
            finality(access),
            early(access),
            new FollowPolicy(access.reorgDepth(), access.logWindow(), access.logLookbackBlocks()));
    Signer payee = access.payeeKey().read(home);
    KeySource gas = access.gas();
    Signer sender = gas == null ? payee : gas.read(home);
    return new Connected(new EvmChain(escrow, payee, sender, ledger), payee.address());
  }

  private static GasPolicy gas(ChainAccess access) {
    Amount most = access.maxGasPrice();
    return new GasPolicy(
        Duration.ofSeconds(access.replaceAfterSeconds()),
        access.replacementPercent(),
        most == null ? null : most.baseUnits());
  }

  /**
   * Judges what a chain said of its escrow. One that cannot be asked now may be asked later, and no
   * deposit counts until then.
   *
   * @throws IllegalStateException if the escrow is not the one that is configured
   */
  static void judge(String name, Result<Escrow> probed) {
    if (probed instanceof Result.Refused<Escrow> refused) {
      if (!(refused.refusal() instanceof Refusal.Unavailable)) {
        throw new IllegalStateException(
            "chains." + name + ": the escrow is not as configured: " + refused.refusal());
      }
      LOG.warn("Chain {} cannot be asked; known deposits keep working", name);
    }
  }

  private static Finality finality(ChainAccess access) {
    return switch (access.finality().tag()) {
      case "safe" -> Finality.safe();
      case "finalized" -> Finality.finalized();
      default -> Finality.confirmations(access.finality().confirmations());
    };
  }

  private static @Nullable EarlyFinality early(ChainAccess access) {
    GatewayConfig.Early early = access.finality().early();
    return early == null
        ? null
        : new EarlyFinality(
            early.token(), early.confirmations(), early.maxDeposit(), early.maxAtRisk());
  }
}
