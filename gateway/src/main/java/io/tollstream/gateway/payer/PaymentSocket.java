package io.tollstream.gateway.payer;

import io.tollstream.gateway.wire.Frame;
import io.tollstream.gateway.wire.WireException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.http.WebSocket;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The payment socket of one channel: vouchers go out on it and the gateway's wishes come in. While
 * it is wanted it reconnects, ever more slowly; while it is down its owner pays by HEAD.
 */
final class PaymentSocket {
  private static final Logger LOG = LoggerFactory.getLogger(PaymentSocket.class);
  private static final long FIRST_RETRY_MILLIS = 250;
  private static final long MAX_RETRY_MILLIS = 30_000;

  /** What the socket tells its owner. */
  interface Listener {
    /** Connected: the first frame must be a credential of the channel. */
    void connected();

    void frame(Frame frame);

    void lost();
  }

  private final Context context;
  private final GatewayLink link;
  private final String path;
  private final Listener listener;
  private @Nullable WebSocket socket;
  private boolean wanted;
  private boolean connecting;
  private long retryMillis = FIRST_RETRY_MILLIS;

  PaymentSocket(Context context, GatewayLink link, String path, Listener listener) {
    this.context = context;
    this.link = link;
    this.path = path;
    this.listener = listener;
  }

  boolean isOpen() {
    return socket != null;
  }

  /** Keeps a connection from now on. */
  void want() {
    wanted = true;
    if (socket == null && !connecting) {
      connect();
    }
  }

  /** Lets the connection go. */
  void release() {
    wanted = false;
    WebSocket open = socket;
    socket = null;
    if (open != null) {
      open.close();
    }
  }

  private void connect() {
    connecting = true;
    link.socket(path).onSuccess(this::connected).onFailure(this::failed);
  }

  private void connected(WebSocket open) {
    connecting = false;
    if (!wanted) {
      open.close();
      return;
    }
    socket = open;
    open.textMessageHandler(text -> received(open, text));
    open.exceptionHandler(failure -> LOG.debug("payment socket: {}", failure.toString()));
    open.closeHandler(closed -> lost(open));
    listener.connected();
  }

  private void received(WebSocket from, String text) {
    try {
      Frame frame = Frame.parse(text);
      retryMillis = FIRST_RETRY_MILLIS;
      listener.frame(frame);
    } catch (WireException e) {
      LOG.warn("payment socket: unreadable frame ({}); closing it", e.getMessage());
      from.close();
    }
  }

  private void lost(WebSocket closed) {
    if (socket == closed) {
      socket = null;
      listener.lost();
      retry();
    }
  }

  private void failed(Throwable failure) {
    connecting = false;
    LOG.debug("payment socket: {}", failure.toString());
    retry();
  }

  private void retry() {
    if (!wanted) {
      return;
    }
    connecting = true;
    long delay = retryMillis;
    retryMillis = Math.min(MAX_RETRY_MILLIS, 2 * retryMillis);
    context
        .owner()
        .setTimer(
            delay,
            timer -> {
              connecting = false;
              if (wanted && socket == null) {
                connect();
              }
            });
  }

  /** Sends a credential; fails where there is no connection. */
  Future<Void> send(String authorization) {
    WebSocket open = socket;
    return open == null
        ? Future.failedFuture("the payment socket is not connected")
        : open.writeTextMessage(new Frame.Authorization(authorization).toJson().encode());
  }

  /** Gives up a connection that does not answer; the next one comes by itself. */
  void drop() {
    WebSocket open = socket;
    if (open != null) {
      lost(open);
      open.close();
    }
  }
}
