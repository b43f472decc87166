package io.tollstream.gateway.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestGateway.Setup;
import io.tollstream.gateway.TestOrigin;
import io.tollstream.gateway.TestViewer;
import io.tollstream.metering.Amount;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.StreamResetException;
import java.io.IOException;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What HTTP/2 changes: requests without lengths, streams that share a connection, RST_STREAM. */
final class Http2StreamTest {
  private final TestGateway gateway = new TestGateway(Setup.DEFAULT.policy(TestGateway.HASTY));
  private final HttpClient client =
      gateway.vertx.createHttpClient(
          new HttpClientOptions()
              .setProtocolVersion(HttpVersion.HTTP_2)
              .setHttp2ClearTextUpgrade(false)
              .setDefaultHost("127.0.0.1")
              .setDefaultPort(gateway.port()));

  @AfterEach
  void close() {
    gateway.close();
  }

  @Test
  void stream_whole_isExactAndPaid() throws IOException {
    TestViewer viewer = new TestViewer(gateway, 400_000, 400_000);
    Buffer body = TestGateway.await(get("/film/a?size=300000", viewer.voucher(400_000)));
    assertEquals(TestOrigin.bytes(0, 300_000), body);
    viewer.awaitQuiet();
    assertEquals(Amount.of(300_000), viewer.spent());
  }

  @Test
  void stream_paymentsStop_isResetWhileOthersOnTheConnectionGoOn() throws IOException {
    TestViewer viewer = new TestViewer(gateway, 400_000, 100_000);
    Buffer received = Buffer.buffer();
    Future<Void> cut =
        send(HttpMethod.GET, "/film/a?size=300000", viewer.voucher(0))
            .compose(
                response -> {
                  response.handler(received::appendBuffer);
                  return response.end();
                });
    Throwable failure = failure(cut);
    assertInstanceOf(StreamResetException.class, failure);
    assertEquals(TestOrigin.bytes(0, 100_000), received);
    assertEquals(
        TestOrigin.bytes(0, 10), TestGateway.await(get("/open/a?size=10", viewer.voucher(0))));
  }

  @Test
  void post_withoutBodyOrLength_isAVoucherAndNeverReachesTheOrigin() throws IOException {
    TestViewer viewer = new TestViewer(gateway, 400_000, 100);
    int before = gateway.origin.seen().size();
    HttpClientResponse response =
        TestGateway.await(send(HttpMethod.POST, "/film/a?size=50", viewer.voucher(200)));
    assertEquals(200, response.statusCode());
    assertNotNull(response.getHeader("payment-receipt"));
    assertEquals(Amount.of(200), viewer.tab().authorized());
    assertEquals(before, gateway.origin.seen().size());
  }

  @Test
  void post_withBodyAndNoLength_isForwardedAndItsAnswerMetered() throws IOException {
    TestViewer viewer = new TestViewer(gateway, 400_000, 1_000);
    Buffer body =
        TestGateway.await(
            client
                .request(HttpMethod.POST, "/film/a?size=600")
                .compose(
                    request -> {
                      request.putHeader("Authorization", viewer.voucher(1_000));
                      request.setChunked(true);
                      request.write("qu");
                      return request.end("ery").compose(sent -> request.response());
                    })
                .compose(HttpClientResponse::body));
    assertEquals(TestOrigin.bytes(0, 600), body);
    assertEquals("query", gateway.origin.seen().get(0).body());
    viewer.awaitQuiet();
    assertEquals(Amount.of(600), viewer.spent());
  }

  @Test
  void stream_clientResets_isGivenBack() throws IOException {
    TestViewer viewer = new TestViewer(gateway, 400_000, 200_000);
    HttpClientResponse response =
        TestGateway.await(send(HttpMethod.GET, "/film/a?size=300000", viewer.voucher(0)));
    response.pause();
    response.request().reset();
    viewer.awaitQuiet();
    assertEquals(gateway.sold("film"), viewer.spent().baseUnits().longValueExact());
  }

  private Future<Buffer> get(String target, String authorization) {
    return send(HttpMethod.GET, target, authorization).compose(HttpClientResponse::body);
  }

  private Future<HttpClientResponse> send(HttpMethod method, String target, String authorization) {
    return client
        .request(method, target)
        .compose(request -> request.putHeader("Authorization", authorization).send());
  }

  private static Throwable failure(Future<?> future) {
    TestViewer.eventually(future::isComplete);
    return Objects.requireNonNull(future.cause());
  }
}
