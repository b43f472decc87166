package io.tollstream.deploy.crash;

import io.tollstream.channels.Voucher;
import io.tollstream.gateway.wire.Frame;
import io.tollstream.gateway.wire.Receipt;
import io.tollstream.metering.Amount;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The payment socket of one channel: vouchers out, receipts in, and a larger voucher for every
 * demand that wants one.
 */
final class VoucherSocket implements WebSocket.Listener, AutoCloseable {
  private static final String PATH = "/.tollstream/payments";
  private static final int PATIENCE_SECONDS = 30;
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private final Account account;
  private final Function<Voucher, String> authorization;
  private final Incidents incidents;
  private final GatewayProcess gateway;
  private final int life;
  private final NavigableMap<Amount, List<CompletableFuture<Boolean>>> underWay = new TreeMap<>();
  private final StringBuilder text = new StringBuilder();
  private CompletableFuture<WebSocket> sent; // what was sent last
  private boolean connected;
  private boolean over;

  /**
   * Begins to connect.
   *
   * @param authorization makes the credential of a voucher
   */
  VoucherSocket(
      Account account,
      Function<Voucher, String> authorization,
      GatewayProcess gateway,
      Incidents incidents) {
    this.account = account;
    this.authorization = authorization;
    this.incidents = incidents;
    this.gateway = gateway;
    this.life = gateway.life();
    URI uri = URI.create("ws://127.0.0.1:" + gateway.port() + PATH);
    sent = CLIENT.newWebSocketBuilder().buildAsync(uri, this);
  }

  /** Whether vouchers can still be sent. */
  synchronized boolean isUsable() {
    return !over && gateway.isUp(life);
  }

  boolean isOf(Account other) {
    return account.equals(other);
  }

  /** Sends a voucher and waits until it is acknowledged, or cannot be any more. */
  void pay(Voucher voucher) throws InterruptedException {
    CompletableFuture<Boolean> acknowledged = new CompletableFuture<>();
    send(voucher, acknowledged);
    try {
      acknowledged.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException e) {
      incidents.wrong(new AssertionError("no answer on a payment socket: " + account, e));
    }
  }

  private synchronized void send(Voucher voucher, CompletableFuture<Boolean> acknowledged) {
    if (over) {
      acknowledged.complete(false);
      return;
    }
    underWay.computeIfAbsent(voucher.cumulative(), amount -> sending(voucher)).add(acknowledged);
  }

  private List<CompletableFuture<Boolean>> sending(Voucher voucher) {
    incidents.vouchersUnderWay.incrementAndGet();
    String frame = new Frame.Authorization(authorization.apply(voucher)).toJson().encode();
    sent =
        sent.thenCompose(socket -> socket.sendText(frame, true))
            .whenCompleteAsync( // not from within: ending it changes what is under way
                (socket, failure) -> {
                  if (failure != null) {
                    end(failure);
                  }
                });
    return new ArrayList<>();
  }

  @Override
  public synchronized void onOpen(WebSocket socket) {
    connected = true;
    socket.request(1);
  }

  @Override
  public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
    text.append(part);
    if (last) {
      String frame = text.toString();
      text.setLength(0);
      try {
        heard(Frame.parse(frame));
      } catch (AssertionError | RuntimeException e) {
        incidents.wrong(e);
      }
    }
    socket.request(1);
    return null;
  }

  private void heard(Frame frame) {
    if (frame instanceof Frame.Receipted receipted) {
      acknowledged(receipted.receipt());
    } else if (frame instanceof Frame.NeedVoucher need) {
      if (need.requiredCumulative().exceeds(account.best())) {
        send(account.atLeast(need.requiredCumulative()), new CompletableFuture<>());
      }
    } else {
      if (!account.isLeaving()) {
        incidents.refused(gateway, life, frame.toJson() + "; " + account);
      }
      close(); // the one voucher that was refused is among those that wait
    }
  }

  private synchronized void acknowledged(Receipt receipt) {
    account.told(receipt);
    NavigableMap<Amount, List<CompletableFuture<Boolean>>> done =
        underWay.headMap(receipt.acceptedCumulative(), true);
    incidents.vouchers.add(done.size());
    answer(done, true);
  }

  private void answer(
      NavigableMap<Amount, List<CompletableFuture<Boolean>>> vouchers, boolean acknowledged) {
    incidents.vouchersUnderWay.addAndGet(-vouchers.size());
    vouchers.values().forEach(all -> all.forEach(one -> one.complete(acknowledged)));
    vouchers.clear();
  }

  @Override
  public @Nullable CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
    end(new IOException("closed: " + status + " " + reason));
    return null;
  }

  @Override
  public void onError(WebSocket socket, Throwable failure) {
    end(failure);
  }

  private synchronized void end(Throwable why) {
    if (over) {
      return;
    }
    over = true;
    if (!account.isLeaving()) {
      incidents.broke(gateway, life, why);
      (connected ? incidents.vouchersKilled : incidents.knocks).add(underWay.size());
    }
    answer(underWay, false);
  }

  @Override
  public synchronized void close() {
    over = true;
    answer(underWay, false);
    sent =
        sent.whenComplete(
            (socket, failure) -> {
              if (socket != null) {
                socket.abort();
              }
            });
  }
}
