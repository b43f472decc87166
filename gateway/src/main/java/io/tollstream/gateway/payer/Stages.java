package io.tollstream.gateway.payer;

import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** Brings what a wallet completes, on whatever thread, back to the event loop. */
final class Stages {
  private Stages() {}

  /** The value, or a failure that carries the payer's words for the refusal. */
  static <T> Future<T> value(
      Context context, CompletionStage<Result<T>> stage, Function<Refusal, PayerRefusal> words) {
    return Future.fromCompletionStage(stage, context)
        .compose(
            result ->
                result instanceof Result.Ok<T> ok
                    ? Future.succeededFuture(ok.value())
                    : refused(words.apply(((Result.Refused<T>) result).refusal())));
  }

  static <T> Future<T> refused(PayerRefusal refusal) {
    return Future.failedFuture(new PaymentRefusedException(refusal));
  }
}
