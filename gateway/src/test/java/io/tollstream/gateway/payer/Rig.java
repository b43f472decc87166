package io.tollstream.gateway.payer;

import io.tollstream.metering.Amount;
import io.tollstream.metering.Tariff;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** A fake gateway, a wallet, a state directory, and a client that pays with them. */
final class Rig implements AutoCloseable {
  static final long WINDOW = 256 << 10;

  final Vertx vertx = Vertx.vertx();
  final Context context = vertx.getOrCreateContext();
  final FakeWallet wallet = new FakeWallet(7);
  final FakeGateway gateway = new FakeGateway(vertx, wallet);
  final Path state;
  GatewayOrigin origin;
  SpendingPolicy policy = policy(Amount.of(10_000_000), List.of());
  PayingClient client;

  Rig(Path state) {
    this.state = state;
    gateway.window = WINDOW;
    origin = on(() -> gateway.start(0));
    client = newClient();
  }

  static SpendingPolicy policy(Amount budget, List<Tariff> prices) {
    return new SpendingPolicy(Set.of(), Set.of(), Set.of(), prices, budget, null, WINDOW);
  }

  void restart(SpendingPolicy next) {
    policy = next;
    await(onContext(client::finish));
    client = newClient();
  }

  /** A client that forgets the present one as a crash would; its locks alone are let go. */
  PayingClient newClient() {
    return onContextNow(
        () ->
            new PayingClient(
                context, origin, policy, ChannelStore.open(state), new FakeWallets(wallet)));
  }

  <T> T on(Callable<Future<T>> work) {
    return await(onContext(work));
  }

  private <T> T onContextNow(Callable<T> work) {
    return on(() -> Future.succeededFuture(work.call()));
  }

  <T> Future<T> onContext(Callable<Future<T>> work) {
    Promise<T> promise = Promise.promise();
    context.runOnContext(
        now -> {
          try {
            work.call().onComplete(promise);
          } catch (Exception | AssertionError e) {
            promise.fail(e);
          }
        });
    return promise.future();
  }

  static <T> T await(Future<T> future) {
    try {
      return future.await(20, TimeUnit.SECONDS);
    } catch (java.util.concurrent.TimeoutException e) {
      throw new AssertionError("nothing happened within 20 s", e);
    }
  }

  static PaidRequest get(String uri) {
    return get(uri, headers -> headers);
  }

  static PaidRequest get(String uri, Function<MultiMap, MultiMap> headers) {
    return new PaidRequest(
        HttpMethod.GET, uri, headers.apply(MultiMap.caseInsensitiveMultiMap()), null);
  }

  /** Gets a whole body, without resuming. */
  Future<Buffer> download(PaidRequest request) {
    return onContext(
        () -> client.exchange(request).run().compose(response -> collect(response.body())));
  }

  /** Gets a whole body, resuming where it can. */
  Future<Buffer> resumed(PaidRequest request) {
    return onContext(
        () ->
            client
                .exchange(request)
                .run()
                .compose(response -> collect(new ResumingBody(client, request, response))));
  }

  static Future<Buffer> collect(io.vertx.core.streams.ReadStream<Buffer> body) {
    Promise<Buffer> whole = Promise.promise();
    Buffer all = Buffer.buffer();
    body.handler(all::appendBuffer);
    body.exceptionHandler(whole::tryFail);
    body.endHandler(end -> whole.tryComplete(all));
    body.resume();
    return whole.future();
  }

  /** Waits until something holds. */
  void until(String what, Callable<Boolean> holds) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
    while (!onContextNow(holds)) {
      if (System.nanoTime() > end) {
        throw new AssertionError("never: " + what);
      }
      Thread.sleep(20);
    }
  }

  @Override
  public void close() {
    await(onContext(client::finish).otherwiseEmpty());
    await(vertx.close());
  }
}
