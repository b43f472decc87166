package io.tollstream.deploy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What moves on chain is the price of the bytes that arrived, to the base unit. */
@ExtendWith(DemoExtension.class)
class SettlementIT {
  private static final BigInteger PRICE = BigInteger.valueOf(100);
  private static final BigInteger MIB = BigInteger.valueOf(1 << 20);
  private static final BigInteger TOKENS = BigInteger.valueOf(50_000_000);
  private static final Pattern READY = Pattern.compile("tollstream pay ready on (http:\\S+)");

  @Test
  void close_afterManyRequests_balancesMoveByTheCostOfTheBytesRoundedUpOnce(
      Demo demo, @TempDir Path directory) throws Exception {
    Demo.Account account = demo.account(5, TOKENS);
    Payer payer = new Payer(demo, account, directory);
    BigInteger payerBefore = demo.chain().balance(account.address());
    BigInteger payeeBefore = demo.chain().balance(demo.text("payee"));

    long received = downloadThroughOwnProxy(demo, payer, directory.resolve("pay.log"));
    payer.closeAll().orFail();

    BigInteger cost = cost(received);
    assertEquals(payerBefore.subtract(cost), demo.chain().balance(account.address()));
    assertEquals(payeeBefore.add(cost), demo.chain().balance(demo.text("payee")));
  }

  /** Whole files, pieces of files, tiny pieces, and answers without a body, which are free. */
  private static long downloadThroughOwnProxy(Demo demo, Payer payer, Path log) throws Exception {
    List<String> command =
        payer.command("pay", "--gateway", demo.text("gateway"), "--listen", "127.0.0.1:0");
    Process proxy = new ProcessBuilder(command).redirectError(log.toFile()).start();
    try {
      URI url = URI.create(readyUrl(proxy));
      long received = get(url.resolve("/film.mp4"), "");
      received += get(url.resolve("/film/index.m3u8"), "");
      received += get(url.resolve("/film/segment-000.ts"), "");
      received += get(url.resolve("/big.bin"), "bytes=1-30000000");
      for (int i = 0; i < 20; i++) {
        received += get(url.resolve("/big.bin"), "bytes=" + i + "-" + (2 * i));
      }
      assertEquals(0, get(url.resolve("/film/missing.ts"), ""));
      assertEquals(0, get(url.resolve("/big.bin"), "bytes=99999999999-"));
      return received;
    } finally {
      proxy.destroy();
      proxy.waitFor();
    }
  }

  private static String readyUrl(Process proxy) throws Exception {
    BufferedReader reader =
        new BufferedReader(new InputStreamReader(proxy.getInputStream(), UTF_8));
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      Matcher ready = READY.matcher(line);
      if (ready.find()) {
        return ready.group(1);
      }
    }
    throw new AssertionError("the paying proxy ended before it was ready");
  }

  /** The number of body bytes that count: those of successful answers. */
  private static long get(URI uri, String range) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(uri);
    if (!range.isEmpty()) {
      request.header("Range", range);
    }
    HttpClient client = HttpClient.newHttpClient();
    HttpResponse<byte[]> response = client.send(request.build(), BodyHandlers.ofByteArray());
    return response.statusCode() < 300 ? response.body().length : 0;
  }

  private static BigInteger cost(long bytes) {
    BigInteger[] parts = BigInteger.valueOf(bytes).multiply(PRICE).divideAndRemainder(MIB);
    return parts[1].signum() == 0 ? parts[0] : parts[0].add(BigInteger.ONE);
  }
}
