package io.tollstream.gateway.payment;

import io.tollstream.channels.Chain;
import io.tollstream.channels.SettlementPolicy;
import io.vertx.core.Vertx;
import io.vertx.core.http.ServerWebSocket;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Everything about payments that the rest of the gateway needs, put together once. */
public final class PaymentDesk {
  /** The payment socket's path on every listener. */
  public static final String SOCKET_PATH = "/.tollstream/payments";

  private final Map<String, Offer> offers;
  private final Tabs tabs;
  private final Payments payments;
  private final PaymentGate gate;
  private final InstantSource clock;

  public PaymentDesk(
      Tabs tabs, Challenges challenges, Collection<Offer> offers, InstantSource clock) {
    this.offers = offers.stream().collect(Collectors.toMap(Offer::route, Function.identity()));
    this.tabs = tabs;
    this.clock = clock;
    this.payments = new Payments(tabs, new Deposits());
    this.gate = new PaymentGate(challenges, payments, tabs, clock);
  }

  public PaymentGate gate() {
    return gate;
  }

  public Tabs tabs() {
    return tabs;
  }

  /**
   * Follows what happens to the channels on chains, and redeems what a payer is leaving with.
   *
   * @param chains on which anything was ever sold, though no route sells on them now
   */
  public ChannelWatch watch(Collection<Chain> chains) {
    return new ChannelWatch(tabs, payments, chains);
  }

  /**
   * Who redeems what is owed on a chain; the caller starts it.
   *
   * @param contractSigners whether contracts may sign vouchers there
   */
  public Settler settler(Chain chain, SettlementPolicy policy, boolean contractSigners) {
    return new Settler(tabs, payments, chain, policy, contractSigners, clock);
  }

  /** Serves a payment socket whose handshake was accepted. */
  public void serve(ServerWebSocket socket, Vertx vertx) {
    new PaymentSocket(socket, vertx.getOrCreateContext(), offers, gate, tabs, clock).start(vertx);
  }
}
