package io.tollstream.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Hex;
import io.tollstream.channels.Result;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.Wallet;
import io.tollstream.channels.Wallet.Deposited;
import io.tollstream.channels.evm.EvmEscrow;
import io.tollstream.channels.evm.EvmNetwork;
import io.tollstream.channels.evm.EvmWallet;
import io.tollstream.channels.evm.Finality;
import io.tollstream.channels.evm.LocalSigner;
import io.tollstream.deploy.KeepAliveConnection.Answer;
import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.ChallengeParser;
import io.tollstream.gateway.wire.Credential;
import io.tollstream.gateway.wire.SessionRequest;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Locale;

/**
 * Measures the time to the first payment on an open channel of a running demo: a fresh voucher goes
 * out with a request on a warm connection, and the clock stops at the first paid byte, which the
 * gateway lets go only once the voucher is durable. Prints p50 and p99 in milliseconds and the
 * number of samples.
 */
final class FirstPayment {
  private static final String PATH = "/big.bin";
  private static final int PIECE_BYTES = 16 * 1024;
  private static final int WARM_UP = 500; // both ends' compilers, and the page cache
  private static final Amount DEPOSIT = Amount.of(1_000_000);

  private final KeepAliveConnection gateway;
  private final Wallet wallet;
  private final Challenge challenge;
  private final String source;
  private final Amount pieceCost;
  private final ChannelId channel;
  private Amount authorized = Amount.ZERO;

  private FirstPayment(
      KeepAliveConnection gateway, Wallet wallet, Challenge challenge, ChannelId channel) {
    this.gateway = gateway;
    this.wallet = wallet;
    this.challenge = challenge;
    this.channel = channel;
    this.source = "did:pkh:eip155:" + wallet.escrow().chainId() + ":" + wallet.address().hex();
    this.pieceCost = SessionRequest.parse(challenge.requestJson()).tariff().cost(PIECE_BYTES);
  }

  /** Takes the file with the demo's line of JSON, and the number of samples. */
  public static void main(String[] args) throws Exception {
    JsonNode demo = new ObjectMapper().readTree(new File(args[0]));
    Latencies latencies = measure(demo, Integer.parseInt(args[1]));
    System.out.printf(
        "%.2f %.2f %d%n",
        latencies.percentileMillis(50), latencies.percentileMillis(99), latencies.count());
  }

  /** Opens a channel, warms up, and takes that many samples. */
  static Latencies measure(JsonNode demo, int samples) throws Exception {
    URI url = URI.create(demo.required("gateway").asText());
    try (KeepAliveConnection gateway = new KeepAliveConnection(url);
        Wallet wallet = wallet(demo)) {
      FirstPayment payments = open(gateway, wallet);
      payments.sample(WARM_UP);
      return new Latencies(payments.sample(samples));
    }
  }

  private static Wallet wallet(JsonNode demo) {
    EvmNetwork network =
        EvmNetwork.of(
            List.of(URI.create(demo.required("rpc").asText())), demo.required("chainId").asLong());
    Address escrow = new Address(demo.required("escrow").asText().toLowerCase(Locale.ROOT));
    byte[] key = Hex.decode(demo.required("fundedKey").asText(), 32);
    return new EvmWallet(
        new EvmEscrow(network, escrow, EvmEscrow.DEFAULT_DOMAIN_NAME, Finality.confirmations(1)),
        LocalSigner.of(key));
  }

  /** Opens a channel on chain and, with a first payment, at the gateway. */
  private static FirstPayment open(KeepAliveConnection gateway, Wallet wallet) throws Exception {
    Answer answer = gateway.get(PATH, List.of());
    Challenge challenge = ChallengeParser.parse(answer.values("WWW-Authenticate")).get(0);
    SessionRequest terms = SessionRequest.parse(challenge.requestJson());
    Result<Deposited> result =
        wallet.open(terms.recipient(), terms.currency(), DEPOSIT).toCompletableFuture().get();
    if (!(result instanceof Result.Ok<Deposited> opened)) {
      throw new IllegalStateException("no channel: " + result);
    }
    Deposited deposited = opened.value();
    FirstPayment payments = new FirstPayment(gateway, wallet, challenge, deposited.channel().id());
    payments.pay(
        payments
            .payload("open")
            .put("type", "hash")
            .put("hash", deposited.transactionHash())
            .put("salt", deposited.salt()));
    return payments;
  }

  private long[] sample(int samples) throws IOException {
    long[] nanos = new long[samples];
    for (int i = 0; i < samples; i++) {
      nanos[i] = pay(payload("voucher"));
    }
    return nanos;
  }

  /** A payload whose voucher authorizes one piece more than the one before. */
  private JsonObject payload(String action) {
    authorized = authorized.plus(pieceCost);
    Voucher voucher = wallet.sign(channel, authorized);
    return new JsonObject()
        .put("action", action)
        .put("channelId", channel.hex())
        .put("cumulativeAmount", authorized.toString())
        .put("signature", voucher.signature().hex());
  }

  /** Nanoseconds from sending a payment to the first paid byte. */
  private long pay(JsonObject payload) throws IOException {
    String credential = new Credential(challenge, source, payload).header();
    String range = "Range: bytes=0-" + (PIECE_BYTES - 1);
    Answer answer = gateway.get(PATH, List.of(range, "Authorization: " + credential));
    if (answer.status() != 206) {
      throw new IllegalStateException("expected 206 but got " + answer.status());
    }
    return answer.firstByteNanos();
  }
}
