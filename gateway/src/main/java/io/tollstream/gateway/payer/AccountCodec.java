package io.tollstream.gateway.payer;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.gateway.payer.ChannelAccount.State;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Bill;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** A {@link ChannelAccount} as JSON, with its version: what is on disk outlives this program. */
final class AccountCodec {
  static final int VERSION = 1;

  private AccountCodec() {}

  static JsonObject encode(ChannelAccount account) {
    JsonObject json =
        new JsonObject()
            .put("version", VERSION)
            .put("channelId", account.id().hex())
            .put("chainId", account.escrow().chainId())
            .put("escrow", account.escrow().contract().hex())
            .put("payer", account.payer().hex())
            .put("payee", account.payee().hex())
            .put("token", account.token().hex())
            .put("salt", account.salt())
            .put("deposit", account.deposit().toString())
            .put("signed", account.signed().toString())
            .put("received", lines(account.received()))
            .put("claimed", account.claimed().toString())
            .put("gateway", account.gateway())
            .put("resource", account.resource())
            .put("openHash", account.openHash())
            .put("openedAt", account.openedAt().toString())
            .put("state", account.state().name().toLowerCase(Locale.ROOT));
    String payload = account.openPayload();
    return payload == null ? json : json.put("openPayload", payload);
  }

  private static JsonArray lines(Bill bill) {
    JsonArray lines = new JsonArray();
    bill.lines()
        .forEach(
            (tariff, quanta) ->
                lines.add(
                    new JsonObject()
                        .put("price", tariff.price().toString())
                        .put("unit", tariff.unit().label())
                        .put("quanta", quanta)));
    return lines;
  }

  /**
   * Reads what {@link #encode} wrote.
   *
   * @throws RuntimeException if it is anything else
   */
  static ChannelAccount decode(JsonObject json) {
    if (!Integer.valueOf(VERSION).equals(json.getInteger("version"))) {
      throw new IllegalArgumentException(
          "version " + json.getValue("version") + " where this program writes " + VERSION);
    }
    return new ChannelAccount(
        new ChannelId(string(json, "channelId")),
        new Escrow(json.getLong("chainId"), address(json, "escrow")),
        address(json, "payer"),
        address(json, "payee"),
        address(json, "token"),
        string(json, "salt"),
        amount(json, "deposit"),
        amount(json, "signed"),
        bill(json.getJsonArray("received")),
        amount(json, "claimed"),
        string(json, "gateway"),
        string(json, "resource"),
        json.getString("openHash"),
        json.getString("openPayload"),
        Instant.parse(string(json, "openedAt")),
        State.valueOf(string(json, "state").toUpperCase(Locale.ROOT)));
  }

  private static Bill bill(JsonArray lines) {
    Map<Tariff, Long> quanta = new HashMap<>();
    for (int i = 0; i < lines.size(); i++) {
      JsonObject line = lines.getJsonObject(i);
      Tariff tariff = new Tariff(amount(line, "price"), TariffUnit.ofLabel(string(line, "unit")));
      quanta.put(tariff, line.getLong("quanta"));
    }
    return new Bill(quanta);
  }

  private static Address address(JsonObject json, String name) {
    return new Address(string(json, name));
  }

  private static Amount amount(JsonObject json, String name) {
    return Amount.parse(string(json, name));
  }

  private static String string(JsonObject json, String name) {
    return Objects.requireNonNull(json.getString(name), name + " is missing");
  }
}
