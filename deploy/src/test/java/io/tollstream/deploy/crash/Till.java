package io.tollstream.deploy.crash;

import io.tollstream.channels.Voucher;
import io.tollstream.gateway.wire.Credential;
import io.tollstream.gateway.wire.Receipt;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Brings one thread's credentials to the gateways and notes what is acknowledged. A gateway that
 * dies over one leaves it unacknowledged; anything else that goes wrong is an incident.
 */
final class Till implements AutoCloseable {
  private static final int OK = 200;
  private static final int GONE = 410;
  private static final int UNAVAILABLE = 503;

  private final Cluster cluster;
  private final Incidents incidents;
  private final Random random;
  private @Nullable Line line;
  private @Nullable GatewayProcess gateway; // of the line
  private int life; // of the gateway

  Till(Cluster cluster, Incidents incidents, Random random) {
    this.cluster = cluster;
    this.incidents = incidents;
    this.random = random;
  }

  /** The value of an {@code Authorization} header. */
  String authorization(Account account, Ware ware, JsonObject payload) {
    String payer = account.wallet().address().hex();
    String source = "did:pkh:eip155:" + account.wallet().escrow().chainId() + ":" + payer;
    return new Credential(cluster.challenge(ware), source, payload).header();
  }

  static JsonObject payload(String action, Voucher voucher) {
    return new JsonObject()
        .put("action", action)
        .put("channelId", voucher.channelId().hex())
        .put("cumulativeAmount", voucher.cumulative().toString())
        .put("signature", voucher.signature().hex());
  }

  /** Sends a voucher by HEAD or POST. */
  void pay(Account account, Ware ware, Voucher voucher) {
    Amount before = account.cost();
    incidents.vouchersUnderWay.incrementAndGet();
    try {
      Receipt receipt = send(account, ware, payload("voucher", voucher));
      if (receipt != null) {
        account.acknowledged(voucher, receipt, before);
        incidents.vouchers.increment();
      }
    } finally {
      incidents.vouchersUnderWay.decrementAndGet();
    }
  }

  /**
   * Sends what asks for no content; the receipt, or null where the gateway died over it or, of a
   * channel that is being closed, says that it is.
   */
  @Nullable Receipt send(Account account, Ware ware, JsonObject payload) {
    boolean reading = random.nextBoolean();
    boolean alive = false;
    try {
      Line open = line();
      alive = asked().isUp(life);
      String credential = "Authorization: " + authorization(account, ware, payload);
      int status =
          reading
              ? open.ask("HEAD", ware.path(), List.of(credential))
              : open.ask("POST", ware.path(), List.of(credential, "Content-Length: 0"));
      String receipt = open.field(Receipt.HEADER);
      String body = open.drain();
      if (status == OK && receipt != null) {
        return Receipt.parse(receipt);
      }
      if (!account.isLeaving() || !isNotNow(status)) {
        String what = payload.getString("action") + " was answered " + status + body;
        incidents.refused(asked(), life, what + "; " + account);
      }
    } catch (ConnectException nobody) {
      incidents.knocked(asked(), life, nobody);
    } catch (IOException e) {
      incidents.broke(asked(), life, e);
      if (alive) {
        incidents.killed(payload.getString("action"));
      }
      drop();
    }
    return null;
  }

  /**
   * What a close may be answered: it is under way already, or the transactions of several gateways
   * with one key have got in each other's way, who then take it up again.
   */
  private boolean isNotNow(int status) {
    return status == GONE || (status == UNAVAILABLE && cluster.gateways().size() > 1);
  }

  /** A connection to some gateway in its present life. */
  private Line line() throws IOException {
    GatewayProcess next = cluster.any(random);
    Line open = line;
    if (open != null && next.equals(gateway) && next.life() == life) {
      return open;
    }
    drop();
    gateway = next;
    life = next.life();
    Line fresh = new Line(next.port());
    line = fresh;
    return fresh;
  }

  private GatewayProcess asked() {
    return Objects.requireNonNull(gateway);
  }

  private void drop() {
    Line open = line;
    line = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  public void close() {
    drop();
  }
}
