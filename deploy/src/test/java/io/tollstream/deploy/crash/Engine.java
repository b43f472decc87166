package io.tollstream.deploy.crash;

import io.tollstream.channels.Ledger;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What keeps the tabs of the gateways under test, and how many gateways share it. */
interface Engine extends AutoCloseable {

  /** A ledger's server, where that is what dies. */
  interface Server {
    /** Ends it at once. */
    void kill();

    /** Stops it as its operator does, whoever is connected. */
    void stop();

    /** Starts it and waits until it answers. */
    void start();
  }

  int gateways();

  /**
   * The value of {@code ledger} in the configuration of every gateway.
   *
   * @param home the directory of the configurations, for what they refer to
   */
  String setting(Path home) throws IOException;

  /** The ledger itself; to be opened only while no gateway runs. */
  Ledger open(Path home);

  /** What dies in the gateways' stead, or null where they die. */
  default @Nullable Server victim() {
    return null;
  }

  @Override
  void close();
}
