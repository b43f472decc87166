package io.tollstream.channels.evm;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.ResponseBody;
import okio.BufferedSource;
import org.web3j.protocol.Service;

/**
 * One JSON-RPC endpoint over HTTP. Unlike web3j's own service it bounds what it reads and can never
 * be made to log what it sends.
 */
final class RpcEndpoint extends Service {
  private static final MediaType JSON = MediaType.get("application/json");
  private static final int BAD_REQUEST = 400;
  private static final int TOO_MANY_REQUESTS = 429;
  private static final long MAX_RESPONSE_BYTES = 8L << 20;

  private final OkHttpClient client;
  private final String url;

  RpcEndpoint(OkHttpClient client, URI url) {
    super(false);
    this.client = client;
    this.url = url.toString();
  }

  /** The endpoint wants to be asked less. */
  static final class TooManyRequests extends IOException {
    private final transient Duration retryAfter;

    TooManyRequests(Duration retryAfter) {
      super("HTTP status " + TOO_MANY_REQUESTS);
      this.retryAfter = retryAfter;
    }

    /** For how long it wants to be left alone; zero where it does not say. */
    Duration retryAfter() {
      return retryAfter;
    }
  }

  /** What came is no answer to a question. */
  static final class NoAnswer extends IOException {
    NoAnswer(String what) {
      super(what);
    }
  }

  @Override
  protected InputStream performIO(String request) throws IOException {
    RequestBody body = RequestBody.create(request, JSON);
    try (Response response =
        client.newCall(new Request.Builder().url(url).post(body).build()).execute()) {
      ResponseBody answer = response.body();
      if (response.code() == TOO_MANY_REQUESTS) {
        throw new TooManyRequests(retryAfter(response));
      }
      if (answer == null || !mayBeAnswer(response, answer)) {
        throw new NoAnswer("HTTP status " + response.code());
      }
      return new ByteArrayInputStream(readBounded(answer.source()));
    }
  }

  /** Some give JSON-RPC errors under the status of a bad request. */
  private static boolean mayBeAnswer(Response response, ResponseBody answer) {
    MediaType type = answer.contentType();
    return response.isSuccessful()
        || (response.code() == BAD_REQUEST && type != null && type.subtype().equals("json"));
  }

  /** In seconds; the other form, a date, needs clocks that agree. */
  private static Duration retryAfter(Response response) {
    String seconds = response.header("Retry-After", "");
    boolean readable = seconds != null && seconds.matches("[0-9]{1,9}");
    return Duration.ofSeconds(readable ? Long.parseLong(seconds) : 0);
  }

  private static byte[] readBounded(BufferedSource source) throws IOException {
    if (source.request(MAX_RESPONSE_BYTES + 1)) {
      throw new NoAnswer("answer above " + MAX_RESPONSE_BYTES + " bytes");
    }
    return source.readByteArray();
  }

  @Override
  public void close() {}
}
