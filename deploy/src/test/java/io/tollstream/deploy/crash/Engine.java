package io.tollstream.deploy.crash;

import io.tollstream.channels.Ledger;
import java.nio.file.Path;

/** What keeps the tabs of the gateways under test, and how many gateways share it. */
interface Engine extends AutoCloseable {
  int gateways();

  /** The value of {@code ledger} in the configuration of every gateway. */
  String setting();

  /**
   * The ledger itself; to be opened only while no gateway runs.
   *
   * @param home the directory of the gateways' configurations
   */
  Ledger open(Path home);

  @Override
  void close();
}
