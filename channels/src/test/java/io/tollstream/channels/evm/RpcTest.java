package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.LocalEscrow.ok;
import static io.tollstream.channels.evm.LocalEscrow.refusal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.metering.Amount;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Endpoints that are dead, wrong or strange. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RpcTest {
  private static final String CHAIN_ID = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x7a69\"}";
  private static final ChannelId NO_CHANNEL = ChannelId.of(new byte[32]);

  private final LocalEscrow local = LocalEscrow.start();

  @AfterAll
  void stop() {
    local.close();
  }

  @Test
  void head_deadEndpoint_isUnavailable() {
    try (EvmChain chain = chain(dead())) {
      Refusal refusal = refusal(chain.head());
      String what = assertInstanceOf(Refusal.Unavailable.class, refusal).what();
      assertFalse(what.contains("127.0.0.1"), what);
    }
  }

  @Test
  void everything_firstEndpointDead_goesOnWithTheSecond() {
    try (EvmChain chain = chain(dead(), local.anvil.url());
        EvmWallet wallet =
            new EvmWallet(local.through(List.of(dead(), local.anvil.url())), local.payer)) {
      ChannelId id =
          ok(wallet.open(local.payee.address(), Address.ZERO, Amount.of(100))).channel().id();
      assertEquals(
          Amount.of(9), ok(chain.settle(wallet.sign(id, Amount.of(9)))).channel().settled());
    }
  }

  @Test
  void head_endpointOfAnotherChain_isNotBelieved() {
    try (Anvil other = Anvil.start("--chain-id", "314")) {
      try (EvmChain chain = chain(other.url())) {
        String what = assertInstanceOf(Refusal.Unavailable.class, refusal(chain.head())).what();
        assertTrue(what.contains("chain 314") && what.contains("31337"), what);
        assertInstanceOf(Refusal.Unavailable.class, refusal(chain.probe()));
      }
      try (EvmChain chain = chain(other.url(), local.anvil.url())) {
        ok(chain.head());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<html>503</html>",
        "",
        "null",
        "[]",
        "{}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0xzz\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32005,\"message\":\"slow down\"}}"
      })
  void head_strangeAnswer_isUnavailable(String answer) {
    try (Strange strange = new Strange(method -> answer, 200);
        EvmChain chain = chain(strange.url())) {
      assertInstanceOf(Refusal.Unavailable.class, refusal(chain.head()));
    }
  }

  @Test
  void head_statusOtherThan200_isUnavailable() {
    try (Strange strange = new Strange(method -> CHAIN_ID, 502);
        EvmChain chain = chain(strange.url())) {
      assertInstanceOf(Refusal.Unavailable.class, refusal(chain.head()));
    }
  }

  @Test
  void head_answerWithoutEnd_isUnavailable() {
    String huge = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"" + "0".repeat(9 << 20) + "\"}";
    try (Strange strange = new Strange(method -> huge, 200);
        EvmChain chain = chain(strange.url())) {
      assertInstanceOf(Refusal.Unavailable.class, refusal(chain.head()));
    }
  }

  @Test
  void read_nullRoundOnFilecoin_stepsBackToABlock() {
    String nullRound =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":12,\"message\":\"null round\"}}";
    try (Strange strange =
            new Strange(
                request ->
                    request.contains("eth_chainId")
                        ? CHAIN_ID
                        : request.contains("eth_blockNumber")
                            ? CHAIN_ID
                            : request.contains("\"0x7a69\"") || request.contains("\"0x7a68\"")
                                ? nullRound
                                : noChannel(),
                200);
        EvmChain chain = chain(strange.url())) {
      assertEquals(new Refusal.ChannelNotFound(NO_CHANNEL), refusal(chain.read(NO_CHANNEL)));
    }
  }

  @ParameterizedTest
  @CsvSource({"other name, 0", "EVM Payment Channel, 1"})
  void probe_anotherDomainOrNoContract_isAMismatch(String domainName, int nobody) {
    EvmEscrow wrong =
        new EvmEscrow(
            local.escrow.network(),
            nobody == 1 ? new Address("0x" + "99".repeat(20)) : local.escrow.contract(),
            domainName,
            Finality.confirmations(1));
    try (EvmChain chain = new EvmChain(wrong, local.payee)) {
      assertInstanceOf(Refusal.ChannelMismatch.class, refusal(chain.probe()));
    }
  }

  @Test
  void probe_contractThatIsNoEscrow_isAMismatch() {
    EvmEscrow token =
        new EvmEscrow(local.escrow.network(), local.token, "Test USD", Finality.confirmations(1));
    try (EvmChain chain = new EvmChain(token, local.payee)) {
      Refusal refusal = refusal(chain.probe());
      assertEquals(
          "CLOSE_GRACE_PERIOD", assertInstanceOf(Refusal.ChannelMismatch.class, refusal).field());
    }
  }

  @Test
  void read_atTheTaggedFinality_isAnswered() {
    for (Finality finality : new Finality[] {Finality.safe(), Finality.finalized()}) {
      EvmEscrow tagged =
          new EvmEscrow(
              local.escrow.network(), local.escrow.contract(), local.escrow.domainName(), finality);
      local.anvil.mine(200);
      try (EvmChain chain = new EvmChain(tagged, local.payee)) {
        assertEquals(new Refusal.ChannelNotFound(NO_CHANNEL), refusal(chain.read(NO_CHANNEL)));
      }
    }
  }

  @Test
  void escrow_graceTooShort_cannotBeDeployed() {
    try (Deployer deployer = new Deployer(local.escrow.network(), local.payer)) {
      assertEquals(
          new Refusal.TransactionReverted("GracePeriodTooShort"),
          refusal(deployer.escrow("x", Duration.ofMinutes(9), Address.ZERO)));
    }
  }

  @Test
  void close_whileCallsWait_refusesThem() {
    EvmChain chain = chain(local.anvil.url());
    var pending = chain.awaitOpen("0x" + "ab".repeat(32), NO_CHANNEL);
    chain.close();
    assertInstanceOf(Refusal.class, refusal(pending));
    assertInstanceOf(Refusal.Unavailable.class, refusal(chain.head()));
  }

  private EvmChain chain(URI... urls) {
    return new EvmChain(local.through(List.of(urls)), local.payee);
  }

  private static String noChannel() {
    return "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x" + "0".repeat(8 * 64) + "\"}";
  }

  /** A port on which nobody listens. */
  private static URI dead() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return URI.create("http://127.0.0.1:" + socket.getLocalPort());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An endpoint that answers what it is told to. */
  private static final class Strange implements AutoCloseable {
    private final HttpServer server;

    Strange(UnaryOperator<String> answers, int status) {
      try {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      server.createContext(
          "/",
          exchange -> {
            String request =
                new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            byte[] answer = answers.apply(request).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, answer.length == 0 ? -1 : answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
          });
      server.start();
    }

    URI url() {
      return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    @Override
    public void close() {
      server.stop(0);
    }
  }
}
