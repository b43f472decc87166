package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.metering.Amount;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** An anvil with the escrow and a token on it, deployed by account 0, the payer with tokens. */
public final class LocalEscrow implements AutoCloseable {
  public static final Amount MINTED = Amount.of(1_000_000_000);
  public static final Duration GRACE = Duration.ofMinutes(15);
  private static final int WAIT_SECONDS = 30;

  public final Anvil anvil;
  public final LocalSigner payer;
  public final LocalSigner payee;
  public final Address token;
  public final EvmEscrow escrow;

  private LocalEscrow(Anvil anvil, Address contract, Address token) {
    this.anvil = anvil;
    this.payer = anvil.account(0);
    this.payee = anvil.account(1);
    this.token = token;
    this.escrow =
        new EvmEscrow(
            network(List.of(anvil.url())),
            contract,
            EvmEscrow.DEFAULT_DOMAIN_NAME,
            Finality.confirmations(1));
  }

  /** Starts a chain and deploys. */
  public static LocalEscrow start() {
    Anvil anvil = Anvil.start();
    try (Deployer deployer = new Deployer(network(List.of(anvil.url())), anvil.account(0))) {
      Address contract =
          ok(deployer.escrow(EvmEscrow.DEFAULT_DOMAIN_NAME, GRACE, Deployer.PERMIT2));
      Address token = ok(deployer.testToken());
      ok(deployer.mint(token, anvil.account(0).address(), MINTED));
      return new LocalEscrow(anvil, contract, token);
    } catch (RuntimeException | Error e) {
      anvil.close();
      throw e;
    }
  }

  /** Anvil's network, with times for tests. */
  public static EvmNetwork network(List<URI> urls) {
    return new EvmNetwork(
        urls, Anvil.CHAIN_ID, Duration.ofSeconds(5), Duration.ofMillis(10), Duration.ofSeconds(10));
  }

  /** The same escrow, reached through other endpoints. */
  public EvmEscrow through(List<URI> urls) {
    return new EvmEscrow(network(urls), escrow.contract(), escrow.domainName(), escrow.finality());
  }

  /** What the stage completes with, in time. */
  public static <T> Result<T> await(CompletionStage<Result<T>> stage) {
    return stage.toCompletableFuture().orTimeout(WAIT_SECONDS, TimeUnit.SECONDS).join();
  }

  public static <T> T ok(CompletionStage<Result<T>> stage) {
    Result<T> result = await(stage);
    if (result instanceof Result.Ok<T> ok) {
      return ok.value();
    }
    throw new AssertionError("refused: " + result);
  }

  public static Refusal refusal(CompletionStage<? extends Result<?>> stage) {
    Result<?> result = stage.toCompletableFuture().orTimeout(WAIT_SECONDS, TimeUnit.SECONDS).join();
    if (result instanceof Result.Refused<?> refused) {
      return refused.refusal();
    }
    throw new AssertionError("not refused: " + result);
  }

  @Override
  public void close() {
    anvil.close();
  }
}
