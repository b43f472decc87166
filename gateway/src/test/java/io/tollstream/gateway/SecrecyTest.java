package io.tollstream.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import io.tollstream.channels.Refusal;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Credentials and signatures go to the ledger, and nowhere else. */
final class SecrecyTest {
  private static final Logger LOGGER = (Logger) LoggerFactory.getLogger("io.tollstream");

  private final List<String> logged = Collections.synchronizedList(new ArrayList<>());
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          logged.add(event.getFormattedMessage());
          if (event.getThrowableProxy() != null) {
            logged.add(ThrowableProxyUtil.asString(event.getThrowableProxy()));
          }
        }
      };
  private final TestGateway gateway = new TestGateway();

  @BeforeEach
  void listen() {
    appender.start();
    LOGGER.setLevel(Level.TRACE);
    LOGGER.addAppender(appender);
  }

  @AfterEach
  void close() {
    LOGGER.detachAppender(appender);
    LOGGER.setLevel(null);
    gateway.close();
  }

  @Test
  void credentials_ofEveryFate_areInNoLogNoMetricNoAnswerAndAtNoOrigin() throws IOException {
    TestViewer viewer = new TestViewer(gateway, 1_000_000, 1_000);
    List<String> secrets = new ArrayList<>();
    List<String> answers = new ArrayList<>();
    for (JsonObject payload : payloads(viewer)) {
      String credential = viewer.credential(payload);
      secrets.add(payload.getString("signature").substring(2));
      secrets.add(credential.substring("Payment ".length()));
      answers.add(viewer.get("/film/a?size=500", credential).text());
      answers.add(viewer.get("/film/poster.jpg?size=5", credential).text());
      answers.add(viewer.get("/film/poster.jpg?size=5", "Bearer a, " + credential).text());
      answers.add(viewer.get("/film/a?size=500&mode=reset", credential).text());
    }
    gateway.chain.refuse(FakeChain.Call.CLOSE, new Refusal.TransactionPending("0x1"));
    JsonObject close = viewer.payer.close(viewer.id(), 5_000);
    secrets.add(close.getString("signature").substring(2));
    answers.add(viewer.get("/film/a", viewer.credential(close)).text());
    gateway.chain.refuse(FakeChain.Call.CLOSE, new Refusal.TransactionReverted("no"));
    TestGateway.await(gateway.desk.watch(List.of(gateway.chain)).round());
    TestViewer.eventually(() -> !logged.isEmpty());
    answers.add(gateway.registry.scrape());
    gateway.origin.seen().forEach(seen -> answers.add(seen.headers() + seen.uri() + seen.body()));
    for (String secret : secrets) {
      assertEquals(List.of(), containing(secret, logged));
      assertEquals(List.of(), containing(secret, answers));
    }
    assertTrue(gateway.origin.seen().size() > 10, "requests did reach the origin");
  }

  private static List<JsonObject> payloads(TestViewer viewer) {
    JsonObject malformed = viewer.payer.pay(viewer.id(), 3_000);
    malformed.put("channelId", 7);
    JsonObject foreign =
        TestPayer.pay(new TestPayer(8, TestGateway.ESCROW).voucher(viewer.id(), 3_000));
    return List.of(
        viewer.payer.pay(viewer.id(), 2_000),
        viewer.payer.pay(viewer.id(), 5_000),
        viewer.payer.pay(viewer.id(), 100),
        viewer.payer.pay(viewer.id(), 2_000_000),
        malformed,
        foreign);
  }

  private static List<String> containing(String secret, List<String> texts) {
    return texts.stream().filter(text -> text.contains(secret)).toList();
  }
}
