package io.tollstream.deploy.crash;

import com.fasterxml.jackson.databind.JsonNode;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Tab;
import io.tollstream.metering.Amount;
import java.util.Locale;

/** A tab as a gateway's management port shows it. */
record TabView(
    ChannelId id, Amount deposit, Amount authorized, Amount spent, String phase, int streams) {

  static TabView of(JsonNode tab) {
    return new TabView(
        new ChannelId(tab.required("channelId").asText()),
        amount(tab, "deposit"),
        amount(tab, "authorized"),
        amount(tab, "spent"),
        tab.required("phase").asText(),
        tab.required("streams").asInt());
  }

  /** A tab as the ledger holds it while no gateway runs. */
  static TabView of(Tab tab) {
    return new TabView(
        tab.id(),
        tab.channel().deposit(),
        tab.authorized(),
        tab.spent(),
        tab.phase().getClass().getSimpleName().toLowerCase(Locale.ROOT),
        0);
  }

  private static Amount amount(JsonNode tab, String name) {
    return Amount.parse(tab.required(name).asText());
  }
}
