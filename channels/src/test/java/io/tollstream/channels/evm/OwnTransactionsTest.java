package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static io.tollstream.channels.evm.LocalEscrow.refusal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.tollstream.channels.Address;
import io.tollstream.channels.Refusal;
import io.tollstream.metering.Amount;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Transactions of one account, on chains old and new. */
final class OwnTransactionsTest {

  @ParameterizedTest
  @CsvSource({"berlin, 0x0", "london, 0x2", "prague, 0x2"})
  void send_byTheChainsFees_isOfTheTypeItTakes(String hardfork, String type) {
    try (Anvil anvil = Anvil.start("--hardfork", hardfork);
        Deployer deployer = deployer(anvil)) {
      Address token = ok(deployer.testToken());
      String hash = ok(deployer.mint(token, token, Amount.of(5)));
      assertEquals(type, anvil.rpc("eth_getTransactionByHash", hash).path("type").asText());
    }
  }

  @Test
  void send_sameAccountFromTwoPlaces_findsTheNextNonce() {
    try (Anvil anvil = Anvil.start();
        Deployer one = deployer(anvil);
        Deployer other = deployer(anvil)) {
      Address token = ok(one.testToken());
      for (int i = 0; i < 3; i++) {
        ok(other.mint(token, token, Amount.of(1)));
        ok(one.mint(token, token, Amount.of(1)));
      }
    }
  }

  @Test
  void send_transactionDroppedByTheNode_isSentAgain() {
    try (Anvil anvil = Anvil.start();
        Deployer deployer = deployer(anvil)) {
      Address token = ok(deployer.testToken());
      anvil.setAutomine(false);
      var dropped = deployer.mint(token, token, Amount.of(1)).toCompletableFuture();
      while (anvil.rpc("txpool_status").path("pending").asText().equals("0x0")) {
        Thread.onSpinWait();
      }
      anvil.rpc("anvil_dropAllTransactions");
      while (anvil.rpc("txpool_status").path("pending").asText().equals("0x0")) {
        Thread.onSpinWait();
      }
      anvil.mine(1);
      ok(dropped);
      anvil.setAutomine(true);
      ok(deployer.mint(token, token, Amount.of(1)));
    }
  }

  @Test
  void send_accountWithoutCoin_isUnavailableAndSaysNothingOfIt() {
    try (Anvil anvil = Anvil.start()) {
      LocalSigner poor = LocalSigner.of(Keccak.hash("an account nobody has sent coin to"));
      try (Deployer deployer = new Deployer(LocalEscrow.network(List.of(anvil.url())), poor)) {
        assertInstanceOf(Refusal.Unavailable.class, refusal(deployer.testToken()));
      }
    }
  }

  private static Deployer deployer(Anvil anvil) {
    return new Deployer(LocalEscrow.network(List.of(anvil.url())), anvil.account(0));
  }
}
