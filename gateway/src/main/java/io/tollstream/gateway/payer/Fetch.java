package io.tollstream.gateway.payer;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * One paid download: picks up what an earlier run left, survives cuts, and gives the file its name
 * only when it is whole.
 */
final class Fetch {
  private static final int MAX_REDIRECTS = 5;

  /** Bytes on their way to the disk before the gateway is held back. */
  private static final long MAX_PENDING_BYTES = 4 << 20;

  private final PayingClient client;
  private final Context context;
  private final Download download;
  private final FetchProgress progress;
  private long pending;

  Fetch(PayingClient client, Download download, FetchProgress progress) {
    this.client = client;
    this.context = client.till().context();
    this.download = download;
    this.progress = progress;
  }

  /** Downloads; completes when the file is whole and on disk. */
  Future<Void> run(String uri) {
    return worker(() -> download.begin(uri)).compose(left -> request(uri, left, MAX_REDIRECTS));
  }

  private Future<Void> request(String uri, Download.@Nullable Left left, int redirects) {
    PaidRequest plain =
        new PaidRequest(HttpMethod.GET, uri, MultiMap.caseInsensitiveMultiMap(), null);
    PaidRequest request =
        left == null ? plain : plain.from(left.bytes(), Span.UNKNOWN, left.validator());
    return client
        .exchange(request)
        .run()
        .compose(response -> take(plain, left, response, redirects));
  }

  private Future<Void> take(
      PaidRequest plain, Download.@Nullable Left left, PaidResponse response, int redirects) {
    int status = response.status();
    Span span = Span.of(status, response.headers());
    if (status == 200 && span != null) {
      return store(plain, response, span);
    }
    if (status == 206 && span != null && left != null && span.first() == left.bytes()) {
      return store(plain, response, span);
    }
    response.body().cancel();
    if (left != null && (status == 206 || status == 416)) {
      return request(plain.uri(), null, redirects); // what was left does not fit: start over
    }
    String location = response.headers().get(HttpHeaders.LOCATION);
    if (status >= 300 && status < 400 && location != null && redirects > 0) {
      return redirect(plain, location, redirects);
    }
    return Future.failedFuture(
        new IOException("the gateway answers " + status + " " + response.head().statusMessage()));
  }

  private Future<Void> redirect(PaidRequest plain, String location, int redirects) {
    URI target = URI.create(client.origin() + plain.uri()).resolve(location);
    if (!GatewayOrigin.of(target).equals(client.origin())) {
      return Future.failedFuture(
          new IOException("redirected to another origin, which is not paid: " + target));
    }
    String query = target.getRawQuery() == null ? "" : "?" + target.getRawQuery();
    return request(target.getRawPath() + query, null, redirects - 1);
  }

  private Future<Void> store(PaidRequest plain, PaidResponse response, Span span) {
    String validator = Validator.of(response.headers());
    progress.starts(span, response);
    return worker(() -> download.continueAt(span.first(), validator))
        .compose(ready -> copy(new ResumingBody(client, plain, response)))
        .compose(
            position ->
                worker(
                    () -> {
                      download.finish();
                      return null;
                    }))
        .<Void>mapEmpty()
        .onSuccess(done -> progress.ends(true))
        .onFailure(failure -> progress.ends(false));
  }

  private Future<Long> copy(ResumingBody body) {
    Promise<Long> copied = Promise.promise();
    body.handler(buffer -> write(body, buffer, copied));
    body.exceptionHandler(failure -> flush().onComplete(any -> copied.tryFail(failure)));
    body.endHandler(end -> flush().onComplete(any -> copied.tryComplete(body.position())));
    body.resume();
    return copied.future();
  }

  private void write(ResumingBody body, Buffer buffer, Promise<Long> copied) {
    pending += buffer.length();
    if (pending > MAX_PENDING_BYTES) {
      body.pause();
    }
    progress.moved(body.position());
    worker(
            () -> {
              download.write(buffer);
              return null;
            })
        .onComplete(
            written -> {
              pending -= buffer.length();
              if (written.failed()) {
                body.cancel();
                copied.tryFail(written.cause());
              } else if (pending <= MAX_PENDING_BYTES / 2) {
                body.resume();
              }
            });
  }

  /** Completes after every write before it. */
  private Future<Void> flush() {
    return worker(() -> null);
  }

  private <T> Future<T> worker(java.util.concurrent.Callable<T> work) {
    return context.executeBlocking(work, true);
  }
}
