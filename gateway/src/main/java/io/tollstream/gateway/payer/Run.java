package io.tollstream.gateway.payer;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** A paying client on an event loop of its own, as a command's own thread drives it. */
final class Run implements AutoCloseable {
  private static final long START_SECONDS = 60;

  private final Vertx vertx;
  private final Context context;
  private final PayingClient client;

  private Run(Vertx vertx, Context context, PayingClient client) {
    this.vertx = vertx;
    this.context = context;
    this.client = client;
  }

  static Run start(GatewayOrigin origin, SpendingPolicy policy, ChannelStore store, Wallets wallets)
      throws Exception {
    Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
    Context context = vertx.getOrCreateContext();
    PayingClient client =
        on(context, () -> new PayingClient(context, origin, policy, store, wallets))
            .await(START_SECONDS, TimeUnit.SECONDS);
    return new Run(vertx, context, client);
  }

  private static <T> Future<T> on(Context context, Callable<T> work) {
    Promise<T> done = Promise.promise();
    context.runOnContext(
        now -> {
          try {
            done.complete(work.call());
          } catch (Exception e) {
            done.fail(e);
          }
        });
    return done.future();
  }

  PayingClient client() {
    return client;
  }

  /** Makes something of the client, on its event loop. */
  <T> T on(Function<PayingClient, T> make) throws TimeoutException {
    return on(context, () -> make.apply(client)).await(START_SECONDS, TimeUnit.SECONDS);
  }

  /** Starts something on the event loop. */
  <T> Future<T> begin(Callable<Future<T>> work) {
    return on(context, work).compose(future -> future);
  }

  /** Does something on the event loop and waits for its outcome. */
  <T> T await(Callable<Future<T>> work) {
    return begin(work).await();
  }

  <T> T await(Callable<Future<T>> work, long time, TimeUnit unit) throws TimeoutException {
    return begin(work).await(time, unit);
  }

  /** Lets everything go; what was to be finished must be finished before. */
  @Override
  public void close() throws TimeoutException {
    vertx.close().await(5, TimeUnit.SECONDS);
  }
}
