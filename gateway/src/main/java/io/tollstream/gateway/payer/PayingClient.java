package io.tollstream.gateway.payer;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;

/**
 * Sends requests to one gateway and pays for the answers as they arrive, within a policy. All of it
 * runs on the event loop that it was made on, and belongs there.
 */
final class PayingClient {
  private final Till till;
  private final ChannelBook book;

  /**
   * @param context the event loop that every call and every callback is on
   */
  PayingClient(
      Context context,
      GatewayOrigin origin,
      SpendingPolicy policy,
      ChannelStore store,
      Wallets wallets) {
    Vertx vertx = context.owner();
    GatewayLink link = new GatewayLink(vertx, origin);
    RunBudget budget = new RunBudget(policy.budget());
    this.till =
        new Till(
            context,
            link,
            store,
            policy,
            budget,
            new Offers(policy),
            new Deposits(context, link, store, policy, budget));
    this.book = new ChannelBook(till, wallets);
  }

  /**
   * A request to be run, paying what policy allows; a {@link PaymentRefusedException} tells what it
   * does not.
   */
  Exchange exchange(PaidRequest request) {
    return new Exchange(till, book, request);
  }

  GatewayOrigin origin() {
    return till.link().origin();
  }

  ChannelBook book() {
    return book;
  }

  Till till() {
    return till;
  }

  /** Pays for what came, writes everything down and lets the connections go. */
  Future<Void> finish() {
    return book.finish().compose(done -> till.link().close());
  }
}
