package io.tollstream.gateway;

import io.tollstream.channels.Address;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signer;
import io.tollstream.channels.evm.Deployer;
import io.tollstream.channels.evm.EvmEscrow;
import io.tollstream.channels.evm.EvmNetwork;
import io.tollstream.channels.evm.KeyFile;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tollstream contracts}: the contracts that channels live in. */
@Command(
    name = "contracts",
    description = "Put the escrow on a chain.",
    mixinStandardHelpOptions = true,
    subcommands = ContractsCommand.Deploy.class)
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
    private Path keyFile = Path.of("deployer");

    @Option(names = "--password-file", description = "The keystore's password.")
    private @Nullable Path passwordFile;

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
        System.out.println(
            new JsonObject()
                .put("chainId", chainId)
                .put("escrow", escrow.hex())
                .put("token", token == null ? null : token.hex())
                .encode());
      }
      return 0;
    }

    private Signer signer() throws IOException {
      Path file = passwordFile;
      return KeyFile.read(keyFile, file == null ? null : Files.readString(file).strip());
    }

    private static <T> T await(CompletionStage<Result<T>> stage) {
      Result<T> result = stage.toCompletableFuture().join();
      if (result instanceof Result.Ok<T> ok) {
        return ok.value();
      }
      throw new IllegalStateException(
          "the chain refused: " + ((Result.Refused<T>) result).refusal());
    }
  }
}
