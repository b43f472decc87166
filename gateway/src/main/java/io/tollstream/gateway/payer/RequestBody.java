package io.tollstream.gateway.payer;

import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.streams.ReadStream;

/**
 * The body of a request, which can be sent once. It goes out only when the gateway says that it
 * wants it ({@code Expect: 100-continue}), or says nothing for a while: a 402 comes first and costs
 * nothing.
 */
final class RequestBody {
  private static final long PATIENCE_MILLIS = 1_000;

  private final Context context;
  private final ReadStream<Buffer> source;
  private boolean consumed;

  RequestBody(Context context, ReadStream<Buffer> source) {
    this.context = context;
    this.source = source;
  }

  /** Whether it was sent, if only in part. */
  boolean isConsumed() {
    return consumed;
  }

  void sendTo(HttpClientRequest upstream) {
    if (!upstream.headers().contains(HttpHeaders.CONTENT_LENGTH)) {
      upstream.setChunked(true);
    }
    upstream.putHeader(HttpHeaders.EXPECT, HttpHeaders.CONTINUE);
    boolean[] answered = {false};
    upstream.response().onComplete(head -> answered[0] = true);
    long timer = context.owner().setTimer(PATIENCE_MILLIS, t -> pipe(upstream, answered));
    upstream.continueHandler(
        go -> {
          context.owner().cancelTimer(timer);
          pipe(upstream, answered);
        });
    upstream.sendHead();
  }

  private void pipe(HttpClientRequest upstream, boolean[] answered) {
    if (answered[0] || consumed) {
      return;
    }
    consumed = true;
    source.pipeTo(upstream).onFailure(failure -> upstream.reset());
  }
}
