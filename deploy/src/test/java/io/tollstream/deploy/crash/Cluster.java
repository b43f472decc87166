package io.tollstream.deploy.crash;

import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.ChallengeParser;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/** The gateways that sell the same goods, and the challenges they gave once for all of a run. */
final class Cluster {
  private final List<GatewayProcess> gateways = new ArrayList<>();
  private final Map<Ware, Challenge> challenges = new EnumMap<>(Ware.class);

  Cluster(Market market, Engine engine) throws IOException {
    String ledger = engine.setting(market.home());
    for (int i = 0; i < engine.gateways(); i++) {
      gateways.add(new GatewayProcess(market, "gateway-" + i, ledger, i == 0));
    }
  }

  List<GatewayProcess> gateways() {
    return gateways;
  }

  GatewayProcess any(Random random) {
    return gateways.get(random.nextInt(gateways.size()));
  }

  /** Whether anybody is there to sell. */
  boolean isUp() {
    return gateways.stream().anyMatch(gateway -> gateway.isUp(gateway.life()));
  }

  void start() throws Exception {
    for (GatewayProcess gateway : gateways) {
      gateway.spawn();
    }
    for (GatewayProcess gateway : gateways) {
      gateway.awaitReady();
    }
  }

  void stop() throws InterruptedException {
    for (GatewayProcess gateway : gateways) {
      gateway.stop();
    }
  }

  /** Asks for every ware without paying, and keeps the challenges: they outlive the gateways. */
  void askPrices() throws IOException {
    try (Line line = new Line(gateways.get(0).port())) {
      for (Ware ware : Ware.values()) {
        int status = line.ask("GET", ware.path(), List.of());
        String challenge = line.field("WWW-Authenticate");
        String body = line.drain();
        if (status != 402 || challenge == null) {
          throw new AssertionError(ware + " was answered " + status + ": " + body);
        }
        challenges.put(ware, ChallengeParser.parse(List.of(challenge)).get(0));
      }
    }
  }

  Challenge challenge(Ware ware) {
    return Objects.requireNonNull(challenges.get(ware));
  }

  void end() {
    gateways.forEach(GatewayProcess::end);
  }
}
