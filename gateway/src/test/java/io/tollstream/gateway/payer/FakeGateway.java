package io.tollstream.gateway.payer;

import static io.vertx.core.http.HttpHeaders.AUTHORIZATION;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.Credential;
import io.tollstream.gateway.wire.Frame;
import io.tollstream.gateway.wire.ProblemType;
import io.tollstream.gateway.wire.Receipt;
import io.tollstream.gateway.wire.SessionRequest;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Bill;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A gateway that sells one file honestly until a test tells it to lie. It holds every voucher
 * against the payer's rule: never more than the cost of the bytes sent and one window.
 */
final class FakeGateway {
  static final String SOCKET = "/.tollstream/payments";
  static final String ETAG = "\"v1\"";

  // What a test sets before, or while, it asks.
  volatile Tariff tariff = new Tariff(Amount.of(100), TariffUnit.KIB);
  volatile int chunk = 16 << 10;
  volatile long window = 256 << 10;
  volatile int size = 1 << 20;
  volatile Escrow escrow = FakeWallet.ESCROW;
  volatile Address token = FakeWallet.TOKEN;
  volatile Address payee = FakeWallet.PAYEE;
  volatile Amount suggestedDeposit = Amount.of(1_000_000);
  volatile Amount minDelta = Amount.ZERO;
  volatile boolean feePayer;
  volatile List<String> types = List.of("hash");
  volatile boolean socketOffered = true;
  volatile boolean socketsRefused;
  volatile boolean etagged = true;
  volatile boolean stingy; // sends no byte, whatever it gets
  volatile boolean endless; // a body without a length or an end
  volatile @Nullable Amount lyingSpent;
  volatile @Nullable Amount lyingDemand;
  volatile int cutAt = -1; // absolute position at which the connection breaks, once
  volatile int status = 200;
  volatile boolean gone; // answers 410 to every known channel
  volatile String key = "k1"; // changing it makes older challenges unknown

  volatile @Nullable ProblemType topUpAnswer; // instead of taking a top-up
  volatile boolean closes = true; // a close that it takes, it does
  volatile long challengeSeconds; // how long a challenge holds, or 0 for ever
  final AtomicInteger notFinal = new AtomicInteger(); // opens to be answered so

  // What a test looks at afterwards.
  final List<String> violations = new CopyOnWriteArrayList<>();
  final List<Amount> vouchers = new CopyOnWriteArrayList<>();
  final List<String> log = new CopyOnWriteArrayList<>();
  final List<String> opens = new CopyOnWriteArrayList<>(); // the payloads
  final List<String> topUps = new CopyOnWriteArrayList<>();
  final List<String> strangers = new CopyOnWriteArrayList<>(); // vouchers of unknown channels
  final AtomicInteger holds = new AtomicInteger();
  final AtomicInteger challenges = new AtomicInteger();
  final AtomicInteger overSocket = new AtomicInteger();
  final AtomicInteger overHead = new AtomicInteger();
  final AtomicInteger active = new AtomicInteger();

  private final Vertx vertx;
  private final FakeWallet wallet;
  private final Map<ChannelId, Account> accounts = new HashMap<>();
  private final Set<ServerWebSocket> sockets = new LinkedHashSet<>();
  private HttpServer server;

  /** What the gateway keeps of a channel. */
  private static final class Account {
    Amount authorized = Amount.ZERO;
    Amount deposit = Amount.ZERO;
    Bill sent = Bill.EMPTY;
    final Set<Runnable> waiting = new LinkedHashSet<>();
  }

  FakeGateway(Vertx vertx, FakeWallet wallet) {
    this.vertx = vertx;
    this.wallet = wallet;
    this.server = vertx.createHttpServer();
  }

  Future<GatewayOrigin> start(int port) {
    server = vertx.createHttpServer();
    server.requestHandler(this::handle);
    server.webSocketHandler(this::socket);
    return server
        .listen(port, "127.0.0.1")
        .map(s -> new GatewayOrigin(false, "127.0.0.1", s.actualPort()));
  }

  Future<Void> stop() {
    return server.close();
  }

  /** The byte at a position of the file. */
  static byte at(long position) {
    return (byte) (position * 31 + (position >> 9));
  }

  static Buffer bytes(long from, int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = at(from + i);
    }
    return Buffer.buffer(bytes);
  }

  Amount cost() {
    return accounts.values().stream()
        .map(account -> account.sent.total())
        .reduce(Amount.ZERO, Amount::plus);
  }

  Amount best() {
    return accounts.values().stream()
        .map(account -> account.authorized)
        .reduce(Amount.ZERO, Amount::max);
  }

  int channels() {
    return accounts.size();
  }

  void dropSockets() {
    new ArrayList<>(sockets).forEach(ServerWebSocket::close);
  }

  void tell(Frame frame) {
    sockets.forEach(socket -> socket.writeTextMessage(frame.toJson().encode()));
  }

  Challenge challenge() {
    challenges.incrementAndGet();
    SessionRequest request =
        new SessionRequest(
            tariff,
            suggestedDeposit,
            token,
            payee,
            null,
            escrow,
            minDelta,
            feePayer,
            types,
            null,
            chunk,
            socketOffered ? SOCKET : null);
    return new Challenge(
        key + "-" + tariff,
        "fake",
        "evm",
        "session",
        request.encode(),
        challengeSeconds == 0 ? null : Instant.now().plusSeconds(challengeSeconds).toString(),
        null,
        null,
        null);
  }

  private void handle(HttpServerRequest request) {
    log.add(request.method() + " " + request.uri() + " " + request.getHeader("Range"));
    if (request.path().startsWith("/free")) {
      request.response().putHeader("Content-Length", "1000");
      if (request.method().equals(HttpMethod.HEAD)) {
        request.response().end();
      } else {
        request.response().end(bytes(0, 1_000));
      }
      return;
    }
    if (request.path().startsWith("/elsewhere")) {
      String where = request.getParam("to");
      request.response().setStatusCode(302).putHeader("Location", where).end();
      return;
    }
    Credential credential = Credential.of(request.headers().getAll(AUTHORIZATION));
    if (credential == null) {
      refuse(request, ProblemType.PAYMENT_REQUIRED, true);
      return;
    }
    Object taken = take(credential);
    if (taken instanceof ProblemType problem) {
      refuse(request, problem, problem.status() == 402);
    } else if (request.method().equals(HttpMethod.HEAD)
        || "0".equals(request.getHeader("Content-Length"))) {
      overHead.incrementAndGet();
      request.response().putHeader(Receipt.HEADER, receipt((ChannelId) taken).header()).end();
    } else {
      sell(request, (ChannelId) taken);
    }
  }

  private void refuse(HttpServerRequest request, ProblemType problem, boolean challenged) {
    HttpServerResponse response = request.response().setStatusCode(problem.status());
    if (challenged) {
      response.putHeader("WWW-Authenticate", challenge().header());
    }
    response
        .putHeader("Content-Type", "application/problem+json")
        .end(problem.toJson(problem.name()).encode());
  }

  /** The channel that was paid, or a problem type. */
  private Object take(Credential credential) {
    JsonObject payload = credential.payload();
    if (credential.challenge().expiry().isBefore(Instant.now().minusMillis(500))) {
      violations.add("a challenge that has expired");
    }
    if (!credential.challenge().id().startsWith(key + "-")) {
      return ProblemType.CHALLENGE_NOT_FOUND;
    }
    if (!credential.challenge().id().equals(key + "-" + tariff)) {
      return ProblemType.INVALID_CHALLENGE;
    }
    ChannelId id = new ChannelId(payload.getString("channelId"));
    log.add(payload.getString("action") + " " + payload.getString("cumulativeAmount"));
    switch (payload.getString("action")) {
      case "open" -> {
        opens.add(payload.encode());
        if (notFinal.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
          return ProblemType.VERIFICATION_FAILED;
        }
        open(id, payload);
      }
      case "topUp" -> {
        topUps.add(payload.encode());
        ProblemType answer = topUpAnswer;
        if (answer != null) {
          return answer;
        }
        topUp(id, payload);
      }
      case "close" -> close(id);
      default -> {
        if (!accounts.containsKey(id)) {
          strangers.add(payload.encode());
        }
      }
    }
    if (gone || !accounts.containsKey(id)) {
      return ProblemType.CHANNEL_NOT_FOUND;
    }
    return payload.containsKey("cumulativeAmount") ? voucher(id, payload) : id;
  }

  private void open(ChannelId id, JsonObject payload) {
    if (payload.getString("type").equals("authorization")) {
      JsonObject authorization = payload.getJsonObject("authorization");
      wallet.put(id, payee, token, Amount.parse(authorization.getString("value")));
      payload.put("signature", payload.getString("voucherSignature"));
    }
    account(id).deposit = wallet.channel(id).deposit();
  }

  private void close(ChannelId id) {
    if (closes) {
      wallet.change(id, wallet.channel(id).deposit(), 0, true);
    }
  }

  private void topUp(ChannelId id, JsonObject payload) {
    if (payload.getString("type").equals("authorization")) {
      Amount additional = Amount.parse(payload.getString("additionalDeposit"));
      wallet.change(id, wallet.channel(id).deposit().plus(additional), 0, false);
    }
    account(id).deposit = wallet.channel(id).deposit();
  }

  private Account account(ChannelId id) {
    return accounts.computeIfAbsent(id, key -> new Account());
  }

  private Object voucher(ChannelId id, JsonObject payload) {
    Account account = account(id);
    Amount amount = Amount.parse(payload.getString("cumulativeAmount"));
    if (!payload.getString("signature").equals(wallet.signature(id, amount).hex())) {
      return ProblemType.INVALID_SIGNATURE;
    }
    if (amount.exceeds(account.deposit)) {
      return ProblemType.AMOUNT_EXCEEDS_DEPOSIT;
    }
    if (amount.exceeds(account.authorized)) {
      boolean tooSmall =
          !account.authorized.isZero()
              && minDelta.exceeds(amount.minus(account.authorized))
              && !amount.equals(account.deposit);
      if (tooSmall) {
        return ProblemType.DELTA_TOO_SMALL;
      }
      checkRule(account, amount);
      vouchers.add(amount);
      account.authorized = amount;
      new ArrayList<>(account.waiting).forEach(Runnable::run);
    }
    return id;
  }

  private void checkRule(Account account, Amount amount) {
    Amount most = account.sent.totalWith(tariff, window);
    if (amount.exceeds(most)) {
      violations.add("authorized " + amount + " where " + most + " is the most");
    }
  }

  Receipt receipt(ChannelId id) {
    Account account = account(id);
    Amount spent = lyingSpent == null ? account.sent.total() : lyingSpent;
    return new Receipt(
        "evm",
        "session",
        Instant.now(),
        key,
        id,
        escrow.chainId(),
        account.authorized,
        spent,
        null,
        null);
  }

  private void sell(HttpServerRequest request, ChannelId id) {
    HttpServerResponse response = request.response();
    response.putHeader(Receipt.HEADER, receipt(id).header());
    if (status != 200) {
      response.setStatusCode(status).end("sorry");
      return;
    }
    long from = 0;
    long to = size - 1L;
    String range = request.getHeader("Range");
    String ifRange = request.getHeader("If-Range");
    if (range != null && (ifRange == null || ifRange.equals(ETAG))) {
      String[] ends = range.substring("bytes=".length()).split("-", -1);
      from = Long.parseLong(ends[0]);
      to = ends[1].isEmpty() ? to : Math.min(to, Long.parseLong(ends[1]));
      response
          .setStatusCode(206)
          .putHeader("Content-Range", "bytes " + from + "-" + to + "/" + size);
    }
    if (etagged) {
      response.putHeader("ETag", ETAG);
    }
    if (endless) {
      response.setChunked(true);
      to = Long.MAX_VALUE - 1;
    } else {
      response.putHeader("Content-Length", Long.toString(to - from + 1));
    }
    response.writeHead();
    if (lyingDemand != null) {
      tell(new Frame.NeedVoucher(id, lyingDemand, account(id).authorized, account(id).deposit));
    }
    new Sale(response, account(id), id, from, to).run();
  }

  /** One body on its way. */
  private final class Sale implements Runnable {
    private final HttpServerResponse response;
    private final Account account;
    private final ChannelId id;
    private final long to;
    private long position;
    private boolean over;

    Sale(HttpServerResponse response, Account account, ChannelId id, long from, long to) {
      this.response = response;
      this.account = account;
      this.id = id;
      this.position = from;
      this.to = to;
      active.incrementAndGet();
      response.closeHandler(closed -> end());
      response.drainHandler(drained -> run());
    }

    private void end() {
      if (!over) {
        over = true;
        active.decrementAndGet();
        account.waiting.remove(this);
      }
    }

    @Override
    public void run() {
      while (!over && !response.writeQueueFull()) {
        long affordable = stingy ? 0 : account.sent.affordable(tariff, account.authorized);
        int next = (int) Math.min(Math.min(affordable, 8 << 10), to - position + 1);
        if (next == 0) {
          hold();
          return;
        }
        if (cutAt >= 0 && position + next > cutAt) {
          cutAt = -1;
          response.reset();
          end();
          return;
        }
        account.sent = account.sent.plus(tariff, next);
        response.write(bytes(position, next));
        position += next;
        if (position > to) {
          response.end();
          end();
        }
      }
    }

    private void hold() {
      holds.incrementAndGet();
      account.waiting.add(this);
      Amount wanted = account.sent.totalWith(tariff, Math.min(4L * chunk, to - position + 1));
      Amount required = lyingDemand == null ? wanted.min(account.deposit) : lyingDemand;
      tell(new Frame.NeedVoucher(id, required, account.authorized, account.deposit));
    }
  }

  /** Charges bytes that never arrive, as a broken-off transfer does. */
  void lose(ChannelId id, Amount upTo) {
    Account account = account(id);
    account.sent = account.sent.plus(tariff, account.sent.affordable(tariff, upTo));
  }

  void forget() {
    accounts.clear();
  }

  private void socket(ServerWebSocket socket) {
    if (socketsRefused) {
      socket.close();
      return;
    }
    sockets.add(socket);
    socket.closeHandler(closed -> sockets.remove(socket));
    socket.textMessageHandler(
        text -> {
          Frame.Authorization frame = (Frame.Authorization) Frame.parse(text);
          Object taken = take(Credential.parse(frame.header()));
          if (taken instanceof ProblemType problem) {
            JsonObject json = problem.toJson(problem.name());
            Frame failed = new Frame.Failed(problem.status(), problem.name(), json);
            socket.writeTextMessage(failed.toJson().encode());
          } else {
            overSocket.incrementAndGet();
            Frame receipted = new Frame.Receipted(receipt((ChannelId) taken));
            socket.writeTextMessage(receipted.toJson().encode());
          }
        });
  }
}
