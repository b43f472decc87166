package io.tollstream.gateway;

import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Tab;
import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.ChallengeParser;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/** A viewer with one channel to a {@link TestGateway}, paid and asked by hand. */
public final class TestViewer {
  private static final AtomicInteger KEYS = new AtomicInteger(100);

  public final TestPayer payer;
  public final Channel channel;
  private final TestGateway gateway;
  private final String opening;
  private final Challenge challenge;

  /** Opens a channel and tells the gateway, with a first voucher. */
  public TestViewer(TestGateway gateway, long deposit, long authorized) throws IOException {
    this(gateway, KEYS.incrementAndGet(), deposit, authorized);
  }

  private TestViewer(TestGateway gateway, int key, long deposit, long authorized)
      throws IOException {
    this.gateway = gateway;
    this.payer = new TestPayer(key, TestGateway.ESCROW);
    this.channel = payer.channel(TestGateway.TERMS, deposit);
    this.challenge = challenge("/film");
    JsonObject open = payer.open(channel, gateway.chain.open(channel), authorized);
    this.opening = payer.credential(challenge, open);
    RawHttp.Response opened = head(opening);
    if (opened.status() != 200) {
      throw new AssertionError("not opened: " + opened);
    }
  }

  public ChannelId id() {
    return channel.id();
  }

  /** The credential that opened the channel. */
  public String opening() {
    return opening;
  }

  /** A fresh challenge for a path. */
  public Challenge challenge(String path) throws IOException {
    try (RawHttp http = gateway.connect()) {
      RawHttp.Response response = http.exchange("GET", path);
      List<String> values = response.headers().get("www-authenticate");
      if (values == null) {
        throw new AssertionError("no challenge with " + response.status());
      }
      return ChallengeParser.parse(values).get(0);
    }
  }

  /** The {@code Authorization} value of a voucher. */
  public String voucher(long cumulative) {
    return credential(payer.pay(id(), cumulative));
  }

  public String credential(JsonObject payload) {
    return payer.credential(challenge, payload);
  }

  /** Sends a voucher by HEAD; it must be taken. */
  public void pay(long cumulative) throws IOException {
    RawHttp.Response response = head(voucher(cumulative));
    if (response.status() != 200) {
      throw new AssertionError("not taken: " + response.status());
    }
  }

  /** Sends a credential by HEAD. */
  public RawHttp.Response head(String authorization) throws IOException {
    try (RawHttp http = gateway.connect()) {
      return http.exchange("HEAD", "/film", "Authorization: " + authorization);
    }
  }

  /** Asks for content with a credential, on a connection of its own. */
  public RawHttp.Response get(String target, String authorization, String... headers)
      throws IOException {
    try (RawHttp http = ask(target, authorization, headers)) {
      return http.response(false);
    }
  }

  /** Asks for content with a credential, and leaves the reading to the caller. */
  public RawHttp ask(String target, String authorization, String... headers) throws IOException {
    RawHttp http = gateway.connect();
    String[] all = new String[headers.length + 1];
    System.arraycopy(headers, 0, all, 1, headers.length);
    all[0] = "Authorization: " + authorization;
    http.send(RawHttp.request("GET", target, all));
    return http;
  }

  public Tab tab() {
    return gateway.ledger.tab(id());
  }

  public Amount spent() {
    return tab().spent();
  }

  /** Waits until no stream of the channel is open and all that was not used is given back. */
  public void awaitQuiet() {
    eventually(() -> gateway.desk.tabs().streams(id()) == 0);
  }

  /** Waits until something holds; fails after a patient while. */
  public static void eventually(BooleanSupplier holds) {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("did not come true within 20 s");
      }
      pause(5);
    }
  }

  public static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }
}
