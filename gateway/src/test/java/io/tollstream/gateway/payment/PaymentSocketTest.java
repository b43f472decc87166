package io.tollstream.gateway.payment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.gateway.FakeChain.Call;
import io.tollstream.gateway.RawHttp;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestGateway.Setup;
import io.tollstream.gateway.TestOrigin;
import io.tollstream.gateway.TestPayer;
import io.tollstream.gateway.TestViewer;
import io.tollstream.gateway.wire.Frame;
import io.tollstream.metering.Amount;
import io.tollstream.metering.MeterPolicy;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketFrame;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The payment socket, as a payer's end of it sees it. */
final class PaymentSocketTest {
  private final TestGateway gateway = new TestGateway();
  private static final Setup WIDE =
      Setup.DEFAULT.policy(new MeterPolicy(1 << 20, 1 << 20, 6, 60_000, 60_000));

  private final BlockingQueue<Frame> frames = new LinkedBlockingQueue<>();

  @AfterEach
  void close() {
    gateway.close();
  }

  @Test
  void voucher_valid_isAnsweredWithAReceipt() throws Exception {
    TestViewer viewer = new TestViewer(gateway, 1_000, 100);
    WebSocket socket = listen();
    send(socket, viewer.voucher(250));
    Frame.Receipted receipted = assertInstanceOf(Frame.Receipted.class, next());
    assertEquals(Amount.of(250), receipted.receipt().acceptedCumulative());
    assertEquals(viewer.id(), receipted.receipt().channelId());
    assertEquals(Amount.of(250), viewer.tab().authorized());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "garbage",
        "{}",
        "{\"mpp\":\"payment-receipt\",\"data\":{}}",
        "{\"mpp\":\"authorization\",\"authorization\":\"Payment e30\"}",
        "{\"mpp\":\"authorization\",\"authorization\":\"Basic YTpi\"}"
      })
  void firstFrame_noValidCredential_isAnErrorAndTheEnd(String text) throws Exception {
    WebSocket socket = listen();
    TestGateway.await(socket.writeTextMessage(text));
    assertEquals(402, assertInstanceOf(Frame.Failed.class, next()).status());
    TestViewer.eventually(socket::isClosed);
    assertEquals((short) 1008, socket.closeStatusCode());
  }

  @Test
  void firstFrame_voucherOfSomebodyElse_hearsNothingOfTheChannel() throws Exception {
    TestViewer viewer = new TestViewer(gateway, 1_000, 100);
    JsonObject foreign =
        TestPayer.pay(new TestPayer(8, TestGateway.ESCROW).voucher(viewer.id(), 50));
    WebSocket socket = listen();
    send(socket, viewer.credential(foreign));
    Frame.Failed failed = assertInstanceOf(Frame.Failed.class, next());
    assertTrue(failed.problem().getString("type").endsWith("session/signer-mismatch"));
    TestViewer.eventually(socket::isClosed);
  }

  @Test
  void firstFrame_binary_isTheEnd() {
    WebSocket socket = listen();
    TestGateway.await(socket.writeBinaryMessage(Buffer.buffer("x")));
    TestViewer.eventually(socket::isClosed);
    assertEquals((short) 1008, socket.closeStatusCode());
  }

  @Test
  void laterFrame_garbage_isAnErrorAndTheSocketGoesOn() throws Exception {
    TestViewer viewer = new TestViewer(gateway, 1_000, 100);
    WebSocket socket = listen();
    send(socket, viewer.voucher(200));
    assertInstanceOf(Frame.Receipted.class, next());
    TestGateway.await(socket.writeTextMessage("garbage"));
    assertInstanceOf(Frame.Failed.class, next());
    send(socket, viewer.voucher(300));
    assertInstanceOf(Frame.Receipted.class, next());
    assertFalse(socket.isClosed());
  }

  @Test
  void voucher_inManyFragments_isReadAsOne() throws Exception {
    TestViewer viewer = new TestViewer(gateway, 1_000, 100);
    WebSocket socket = listen();
    for (long cumulative : List.of(200L, 300L)) {
      String text = new Frame.Authorization(viewer.voucher(cumulative)).toJson().encode();
      int third = text.length() / 3;
      socket.writeFrame(WebSocketFrame.textFrame(text.substring(0, third), false));
      socket.writeFrame(
          WebSocketFrame.continuationFrame(Buffer.buffer(text.substring(third, 2 * third)), false));
      socket.writeFrame(
          WebSocketFrame.continuationFrame(Buffer.buffer(text.substring(2 * third)), true));
      assertInstanceOf(Frame.Receipted.class, next());
    }
  }

  @Test
  void stream_runningLow_demandsBeforeCreditRunsOut() throws Exception {
    long paid = 16 << 20;
    long size = 32 << 20;
    TestGateway wide = new TestGateway(WIDE);
    TestViewer viewer = new TestViewer(wide, size, paid);
    WebSocket socket = wide.paymentSocket();
    socket.textMessageHandler(text -> frames.add(Frame.parse(text)));
    send(socket, viewer.voucher(paid));
    assertInstanceOf(Frame.Receipted.class, next());
    try (RawHttp http = viewer.ask("/film/a?size=" + size, viewer.voucher(paid))) {
      assertEquals(200, http.head(false));
      while (frames.isEmpty()) {
        http.read(32_768, 2_000);
        TestViewer.pause(1);
      }
      Frame.NeedVoucher demand = assertInstanceOf(Frame.NeedVoucher.class, next());
      assertEquals(Amount.of(paid), demand.acceptedCumulative());
      assertTrue(demand.requiredCumulative().exceeds(Amount.of(paid)));
      assertEquals(Amount.of(size), demand.deposit());
      assertTrue(Amount.of(paid).exceeds(viewer.spent()), "demanded at " + viewer.spent());
    }
    wide.close();
  }

  @Test
  void stream_paidByDemand_playsToItsEndAndTellsTheReceipt() throws Exception {
    long size = 2_000_000;
    TestViewer viewer = new TestViewer(gateway, size, 1_000);
    WebSocket socket = gateway.paymentSocket();
    socket.textMessageHandler(
        text -> {
          Frame frame = Frame.parse(text);
          frames.add(frame);
          if (frame instanceof Frame.NeedVoucher need) {
            long required = need.requiredCumulative().baseUnits().longValueExact();
            send(socket, viewer.voucher(required));
          }
        });
    send(socket, viewer.voucher(1_000));
    RawHttp.Response response = viewer.get("/film/a?size=" + size, viewer.voucher(1_000));
    assertEquals(RawHttp.End.WHOLE, response.end());
    assertEquals(TestOrigin.bytes(0, (int) size), response.body());
    Frame.Receipted last = lastReceipt();
    assertEquals(size, last.receipt().units());
    assertEquals(Amount.of(size), last.receipt().spent());
  }

  private Frame.Receipted lastReceipt() throws InterruptedException {
    while (true) {
      if (next() instanceof Frame.Receipted receipted && receipted.receipt().units() != null) {
        return receipted;
      }
    }
  }

  @Test
  void close_overTheSocket_tellsTheTransaction() throws Exception {
    TestViewer viewer = new TestViewer(gateway, 1_000, 100);
    WebSocket socket = listen();
    send(socket, viewer.credential(viewer.payer.close(viewer.id(), 100)));
    Frame.CloseReady closed = assertInstanceOf(Frame.CloseReady.class, next());
    assertTrue(String.valueOf(closed.receipt().transactionHash()).startsWith("0x"));
    assertTrue(gateway.chain.of(viewer.id()).finalized());
  }

  @Test
  void flood_ofFrames_waitsInTheSendersSocket() throws Exception {
    TestViewer viewer = new TestViewer(gateway, 1_000, 100);
    WebSocket socket = listen();
    send(socket, viewer.voucher(101));
    assertInstanceOf(Frame.Receipted.class, next());
    gateway.ledger.hold();
    String frame = new Frame.Authorization(viewer.voucher(102)).toJson().encode();
    String padded = frame + " ".repeat(30_000);
    int sent = 0;
    while (!socket.writeQueueFull() && sent < 2_000) {
      socket.writeTextMessage(padded);
      sent++;
      TestViewer.pause(sent % 20 == 0 ? 5 : 0);
    }
    assertTrue(sent < 2_000, "30 KB a frame, and the gateway took all of them");
    gateway.ledger.release();
    assertInstanceOf(Frame.Receipted.class, next());
  }

  @Test
  void socket_closedWhileItsPaymentIsUnderWay_leavesNothingBehind() throws Exception {
    TestViewer viewer = new TestViewer(gateway, 1_000, 100);
    WebSocket socket = listen();
    gateway.ledger.hold();
    send(socket, viewer.voucher(150));
    TestViewer.pause(100);
    TestGateway.await(socket.close());
    TestViewer.pause(100);
    gateway.ledger.release();
    TestViewer.eventually(() -> viewer.tab().authorized().equals(Amount.of(150)));
    TestViewer.pause(100);
    assertFalse(gateway.desk.tabs().isLive(viewer.id()));
  }

  @Test
  void topUp_overTheSocket_isSubmittedAndAnswered() throws Exception {
    TestViewer viewer = new TestViewer(gateway, 1_000, 100);
    WebSocket socket = listen();
    send(socket, viewer.credential(viewer.payer.relayedTopUp(viewer.id(), 500, 1)));
    assertInstanceOf(Frame.Receipted.class, next());
    assertEquals(Amount.of(1_500), viewer.tab().channel().deposit());
    assertEquals(1, gateway.chain.calls(Call.SUBMIT));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Upgrade: websocket\r\nConnection: Upgrade\r\n"})
  void handshake_incomplete_isRefused(String headers) throws IOException {
    try (RawHttp http = gateway.connect()) {
      http.send("GET " + PaymentDesk.SOCKET_PATH + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n");
      assertEquals(400, http.head(false));
    }
  }

  private WebSocket listen() {
    WebSocket socket = gateway.paymentSocket();
    socket.textMessageHandler(text -> frames.add(Frame.parse(text)));
    return socket;
  }

  private static void send(WebSocket socket, String authorization) {
    socket.writeTextMessage(new Frame.Authorization(authorization).toJson().encode());
  }

  private Frame next() throws InterruptedException {
    Frame frame = frames.poll(20, TimeUnit.SECONDS);
    if (frame == null) {
      throw new AssertionError("no frame within 20 s");
    }
    return frame;
  }
}
