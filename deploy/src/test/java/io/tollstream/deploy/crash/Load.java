package io.tollstream.deploy.crash;

import io.tollstream.channels.Wallet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** All payers, working until they are told to rest. */
final class Load implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Incidents incidents = new Incidents();
  private final Turnstile turnstile = new Turnstile();
  private final AtomicReference<@Nullable CountDownLatch> close = new AtomicReference<>();
  private final List<Payer> payers = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final Random random;
  private volatile boolean calm = true;
  private volatile boolean finishing;

  Load(Market market, Cluster cluster, List<Wallet> wallets, Random random) {
    this.random = random;
    for (Wallet wallet : wallets) {
      payers.add(new Payer(market, cluster, wallet, this));
    }
  }

  void start() {
    for (Payer payer : payers) {
      Thread thread = new Thread(payer, "payer-" + threads.size());
      thread.setDaemon(true);
      threads.add(thread);
      thread.start();
    }
  }

  /** Lets everybody work; a calm load breaks nothing off by itself. */
  void resume(boolean calmly) {
    calm = calmly;
    turnstile.open();
  }

  /**
   * Lets nobody begin anything more, and waits until what was begun has ended, one way or other.
   */
  void pause() throws InterruptedException {
    turnstile.close(PATIENCE);
    incidents.awaitVouchers(PATIENCE); // demands are answered on nobody's turn
    incidents.orThrow();
  }

  /** Has some payer ask for a close next; counted down when the request is about to leave. */
  CountDownLatch demandClose() {
    CountDownLatch asked = new CountDownLatch(1);
    close.set(asked);
    return asked;
  }

  @Nullable CountDownLatch takeDemandForClose() {
    return close.getAndSet(null);
  }

  /** Has everybody close what they have, and open nothing any more. */
  void finish() {
    finishing = true;
    resume(true);
  }

  boolean isFinishing() {
    return finishing;
  }

  boolean isCalm() {
    return calm;
  }

  boolean isOn() {
    return turnstile.isOpen();
  }

  Turnstile turnstile() {
    return turnstile;
  }

  Incidents incidents() {
    return incidents;
  }

  /** For choices; safe for use by all payers. */
  Random random() {
    return random;
  }

  List<Payer> payers() {
    return payers;
  }

  List<Account> accounts() {
    return payers.stream().flatMap(payer -> payer.accounts().stream()).toList();
  }

  @Override
  public void close() {
    turnstile.end();
    try {
      for (Thread thread : threads) {
        thread.join(PATIENCE.toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    payers.forEach(Payer::close);
  }
}
