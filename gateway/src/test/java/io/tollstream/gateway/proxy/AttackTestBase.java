package io.tollstream.gateway.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.gateway.RawHttp;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestViewer;
import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.ChallengeParser;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

/** A payer with an open channel who means no good, and what must be true of every refusal. */
abstract class AttackTestBase {
  static final String TARGET = "/film/a?size=2000";

  final TestGateway gateway = new TestGateway();
  final TestViewer viewer;

  AttackTestBase() throws IOException {
    viewer = new TestViewer(gateway, 10_000, 1_000);
  }

  @AfterEach
  void close() {
    gateway.close();
  }

  RawHttp.Response pay(JsonObject payload) throws IOException {
    return get(TARGET, viewer.credential(payload));
  }

  String credential(Challenge challenge, JsonObject payload) {
    return viewer.payer.credential(challenge, payload);
  }

  static Challenge challengeIn(RawHttp.Response response) {
    String header = response.header("www-authenticate");
    return ChallengeParser.parse(List.of(String.valueOf(header))).get(0);
  }

  RawHttp.Response get(String target, String authorization) throws IOException {
    return send("GET", target, "Authorization: " + authorization);
  }

  /** Sends what must be refused: whatever it is, the tab stays as it was. */
  RawHttp.Response send(String method, String target, String... headers) throws IOException {
    try (RawHttp http = gateway.connect()) {
      return http.exchange(method, target, headers);
    }
  }

  void assertRefused(int status, String problem, RawHttp.Response response) {
    assertEquals(status, response.status(), response.text());
    JsonObject json = new JsonObject(response.text());
    assertEquals("https://paymentauth.org/problems/" + problem, json.getString("type"));
    assertEquals(status, json.getInteger("status"));
    assertEquals(null, response.header("payment-receipt"));
    if (status == 402) {
      assertEquals("films.example", challengeIn(response).realm());
    }
    assertTrue(Amount.of(1_000).compareTo(viewer.tab().authorized()) == 0, "authorized as before");
    assertEquals(Amount.ZERO, viewer.spent(), "nothing spent");
    assertEquals(List.of(), gateway.origin.seen(), "nothing reached the origin");
  }
}
