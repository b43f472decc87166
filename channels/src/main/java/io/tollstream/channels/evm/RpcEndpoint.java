package io.tollstream.channels.evm;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
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
  private static final long MAX_RESPONSE_BYTES = 8L << 20;

  private final OkHttpClient client;
  private final String url;

  RpcEndpoint(OkHttpClient client, URI url) {
    super(false);
    this.client = client;
    this.url = url.toString();
  }

  @Override
  protected InputStream performIO(String request) throws IOException {
    RequestBody body = RequestBody.create(request, JSON);
    try (Response response =
        client.newCall(new Request.Builder().url(url).post(body).build()).execute()) {
      ResponseBody answer = response.body();
      if (!response.isSuccessful() || answer == null) {
        throw new IOException("HTTP status " + response.code());
      }
      return new ByteArrayInputStream(readBounded(answer.source()));
    }
  }

  private static byte[] readBounded(BufferedSource source) throws IOException {
    if (source.request(MAX_RESPONSE_BYTES + 1)) {
      throw new IOException("answer above " + MAX_RESPONSE_BYTES + " bytes");
    }
    return source.readByteArray();
  }

  @Override
  public void close() {}
}
