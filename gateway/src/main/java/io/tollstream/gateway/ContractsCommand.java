package io.tollstream.gateway;

import io.tollstream.channels.Address;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signer;
import io.tollstream.channels.evm.Deployer;
import io.tollstream.channels.evm.EscrowFacts;
import io.tollstream.channels.evm.EscrowProbe;
import io.tollstream.channels.evm.EvmEscrow;
import io.tollstream.channels.evm.EvmNetwork;
import io.tollstream.channels.evm.Finality;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tollstream contracts}: the contracts that channels live in. */
@Command(
    name = "contracts",
    description = "Put the escrow on a chain, and see whether one is in order.",
    mixinStandardHelpOptions = true,
    subcommands = {ContractsCommand.Deploy.class, ContractsCommand.Verify.class})
final class ContractsCommand {

  /** {@code tollstream contracts deploy}: prints one line of JSON with the addresses. */
  @Command(
      name = "deploy",
      description = "Deploy the escrow, and a test token where asked.",
      mixinStandardHelpOptions = true)
  static final class Deploy implements Callable<Integer> {
    @Option(names = "--rpc", required = true, description = "JSON-RPC URL; several for failover.")
    private List<URI> rpc = List.of();

    @Option(names = "--key-file", description = "The deployer's key, or keystore; mode 0600.")
    private String keyFile = "deployer";

    @Option(names = "--password-file", description = "The keystore's password.")
    private @Nullable String passwordFile;

    @Option(names = "--password-env", description = "The variable with the keystore's password.")
    private @Nullable String passwordEnv;

    @Option(names = "--domain-name", description = "EIP-712 domain name (${DEFAULT-VALUE}).")
    private String domainName = EvmEscrow.DEFAULT_DOMAIN_NAME;

    @Option(
        names = "--grace-seconds",
        description = "Grace period of a forced close, 600 at least (${DEFAULT-VALUE}).")
    private long graceSeconds = 900;

    @Option(names = "--permit2", description = "The chain's Permit2 (${DEFAULT-VALUE}).")
    private String permit2 = Deployer.PERMIT2.hex();

    @Option(names = "--test-token", description = "Deploy a token that anybody may mint, too.")
    private boolean testToken;

    @Option(
        names = "--mint",
        paramLabel = "ADDRESS=AMOUNT",
        description = "Mint some of the test token, in base units.")
    private Map<String, String> mint = Map.of();

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException {
      long chainId = EvmNetwork.askChainId(rpc.get(0));
      try (Deployer deployer = new Deployer(EvmNetwork.of(rpc, chainId), signer())) {
        Address escrow =
            await(
                deployer.escrow(
                    domainName, Duration.ofSeconds(graceSeconds), new Address(permit2)));
        Address token = testToken ? await(deployer.testToken()) : null;
        if (token != null) {
          mint.forEach(
              (to, amount) -> await(deployer.mint(token, new Address(to), Amount.parse(amount))));
        }
        print(
            spec,
            new JsonObject()
                .put("chainId", chainId)
                .put("escrow", escrow.hex())
                .put("token", token == null ? null : token.hex()));
      }
      return 0;
    }

    private Signer signer() throws IOException {
      return new KeySource(keyFile, null, passwordFile, passwordEnv).read(Path.of(""));
    }

    private static <T> T await(CompletionStage<Result<T>> stage) {
      return ok(stage.toCompletableFuture().join());
    }
  }

  /** {@code tollstream contracts verify}: prints one line of JSON about an escrow. */
  @Command(
      name = "verify",
      description = "Check that the code at an address is this project's escrow.",
      mixinStandardHelpOptions = true)
  static final class Verify implements Callable<Integer> {
    @Option(names = "--rpc", required = true, description = "JSON-RPC URL; several for failover.")
    private List<URI> rpc = List.of();

    @Option(names = "--escrow", required = true, description = "The escrow's address.")
    private String escrow = "";

    @Option(names = "--domain-name", description = "EIP-712 domain name (${DEFAULT-VALUE}).")
    private String domainName = EvmEscrow.DEFAULT_DOMAIN_NAME;

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException {
      EvmNetwork network = EvmNetwork.of(rpc, EvmNetwork.askChainId(rpc.get(0)));
      EscrowFacts facts =
          ok(
              EscrowProbe.verifyNow(
                  new EvmEscrow(
                      network, new Address(escrow), domainName, Finality.confirmations(1))));
      print(
          spec,
          new JsonObject()
              .put("chainId", facts.escrow().chainId())
              .put("escrow", facts.escrow().contract().hex())
              .put("codeMatches", true)
              .put("domainName", facts.domainName())
              .put("gracePeriod", facts.graceSeconds())
              .put("permit2", facts.permit2().isZero() ? null : facts.permit2().hex()));
      return 0;
    }
  }

  private static void print(@Nullable CommandSpec spec, JsonObject line) {
    Objects.requireNonNull(spec).commandLine().getOut().println(line.encode());
  }

  private static <T> T ok(Result<T> result) {
    if (result instanceof Result.Ok<T> ok) {
      return ok.value();
    }
    Refusal refusal = ((Result.Refused<T>) result).refusal();
    throw new IllegalStateException(
        refusal instanceof Refusal.ChannelMismatch wrong
            ? "the escrow is not as expected: %s: expected %s, found %s"
                .formatted(wrong.field(), wrong.expected(), wrong.actual())
            : "the chain refused: " + refusal);
  }
}
