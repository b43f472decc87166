package io.tollstream.gateway.payer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tollstream.channels.Address;
import io.tollstream.channels.Signer;
import io.tollstream.channels.evm.KeyFile;
import io.tollstream.channels.evm.PrivateFile;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that every command of the payer shares: the purse, and what may be done with it. */
final class WalletOptions {
  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec command;

  @Option(
      names = "--rpc",
      paramLabel = "URL",
      description = "JSON-RPC of the chain; several for failover.")
  private List<URI> rpc = List.of();

  @Option(
      names = "--key-file",
      paramLabel = "FILE",
      description = "The paying key: 0x and 64 hexadecimal digits, in a file of mode 0600.")
  private @Nullable Path keyFile;

  @Option(
      names = "--keystore",
      paramLabel = "FILE",
      description = "The paying key as an encrypted keystore, instead of --key-file.")
  private @Nullable Path keystore;

  @Option(names = "--password-file", paramLabel = "FILE", description = "The keystore's password.")
  private @Nullable Path passwordFile;

  @Option(
      names = "--budget",
      paramLabel = "AMOUNT",
      description = "Most base units of a token that this run commits (${DEFAULT-VALUE}).")
  private String budget = SpendingPolicy.DEFAULT_BUDGET.toString();

  @Option(
      names = "--max-price",
      paramLabel = "AMOUNT/UNIT",
      description = "Refuse to pay more, such as 200/MiB or 5/second; one of each kind.")
  private List<String> maxPrices = List.of();

  @Option(
      names = "--deposit",
      paramLabel = "AMOUNT",
      description = "Size of a deposit; what the gateway suggests otherwise, within the budget.")
  private @Nullable String deposit;

  @Option(
      names = "--allow-token",
      paramLabel = "ADDRESS",
      description = "Pay in these tokens only; the zero address is the native coin.")
  private List<String> tokens = List.of();

  @Option(
      names = "--allow-escrow",
      paramLabel = "ADDRESS",
      description = "Deposit into these escrows only; others must have this project's code.")
  private List<String> escrows = List.of();

  @Option(
      names = "--allow-recipient",
      paramLabel = "ADDRESS",
      description = "Pay these recipients only.")
  private List<String> recipients = List.of();

  @Option(
      names = "--state",
      paramLabel = "DIR",
      description = "Where channels are remembered (~/.tollstream).")
  private Path state = Path.of(System.getProperty("user.home", "."), ".tollstream");

  @Option(
      names = "--window",
      paramLabel = "BYTES",
      description = "Most bytes paid for before they came (${DEFAULT-VALUE}).")
  private long windowBytes = SpendingPolicy.DEFAULT_WINDOW_BYTES;

  @Option(
      names = "--allow-plaintext",
      description = "Pay over plain HTTP beyond this machine, where others can listen.")
  private boolean allowPlaintext;

  SpendingPolicy policy() {
    if (windowBytes <= 0) {
      throw wrong("--window must be above zero");
    }
    return new SpendingPolicy(
        addresses("--allow-token", tokens),
        addresses("--allow-escrow", escrows),
        addresses("--allow-recipient", recipients),
        maxPrices.stream().map(this::price).toList(),
        amount("--budget", budget),
        deposit == null ? null : amount("--deposit", deposit),
        windowBytes);
  }

  ChannelStore store() {
    return ChannelStore.open(state);
  }

  boolean hasRpc() {
    return !rpc.isEmpty();
  }

  /** The wallets that the options describe. */
  Wallets wallets() throws IOException {
    if (rpc.isEmpty()) {
      throw wrong("--rpc is needed: the JSON-RPC URL of the chain that payments are made on");
    }
    return new EvmWallets(rpc, signer(), new HashSet<>(policy().escrows()));
  }

  private Signer signer() throws IOException {
    Path file = keyFile != null ? keyFile : keystore;
    if (file == null) {
      throw wrong("a paying key is needed: --key-file, or --keystore with --password-file");
    }
    if (keyFile != null && keystore != null) {
      throw wrong("give --key-file or --keystore, not both");
    }
    Path password = passwordFile;
    return KeyFile.read(
        file, password == null ? null : new String(PrivateFile.read(password), UTF_8).strip());
  }

  /** The origin of a gateway, which must be one that may be paid. */
  GatewayOrigin origin(String option, URI url) {
    GatewayOrigin origin;
    try {
      origin = GatewayOrigin.of(url);
    } catch (IllegalArgumentException e) {
      throw wrong(option + ": " + e.getMessage());
    }
    if (!origin.isPrivate() && !allowPlaintext) {
      throw wrong(
          option
              + " is plain HTTP beyond this machine, where payments can be read and replayed;"
              + " use https, or --allow-plaintext on a network you trust");
    }
    return origin;
  }

  private Tariff price(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      throw wrong("--max-price: expected AMOUNT/UNIT, such as 200/MiB");
    }
    try {
      TariffUnit unit = TariffUnit.ofLabel(text.substring(slash + 1));
      return new Tariff(amount("--max-price", text.substring(0, slash)), unit);
    } catch (IllegalArgumentException e) {
      throw wrong("--max-price: " + e.getMessage());
    }
  }

  private Amount amount(String option, String text) {
    try {
      return Amount.parse(text);
    } catch (NumberFormatException e) {
      throw wrong(option + ": " + e.getMessage() + " (whole base units are expected)");
    }
  }

  private Set<Address> addresses(String option, List<String> texts) {
    Function<String, Address> parse =
        text -> {
          try {
            return new Address(text);
          } catch (IllegalArgumentException e) {
            throw wrong(option + ": expected an address, 0x and 40 hexadecimal digits");
          }
        };
    return texts.stream().map(parse).collect(Collectors.toUnmodifiableSet());
  }

  /** A mistake on the command line: exit code 2. */
  ParameterException wrong(String message) {
    if (command == null) {
      throw new IllegalStateException(message);
    }
    return new ParameterException(command.commandLine(), message);
  }
}
