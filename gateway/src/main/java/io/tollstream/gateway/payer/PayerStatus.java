package io.tollstream.gateway.payer;

import io.tollstream.channels.Address;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;

/**
 * Where a run stands: its channels, what they have cost, and what the budget has left.
 *
 * @param payer the account that pays
 */
record PayerStatus(Address payer, SpendingPolicy policy) {

  JsonObject json(PayingClient client) {
    JsonArray channels = new JsonArray();
    Set<Address> tokens = new LinkedHashSet<>();
    Amount spent = Amount.ZERO;
    for (PayingChannel channel : client.book().all()) {
      ChannelAccount account = channel.live().account();
      channels.add(json(channel, account));
      tokens.add(account.token());
      spent = spent.plusOrMax(account.cost());
    }
    JsonObject left = new JsonObject();
    tokens.forEach(token -> left.put(token.hex(), left(client, token)));
    return new JsonObject()
        .put("gateway", client.origin().toString())
        .put("payer", payer.hex())
        .put("budget", policy.budget().toString())
        .put("budgetLeft", left)
        .put("windowBytes", policy.windowBytes())
        .put("spent", spent.toString())
        .put("channels", channels);
  }

  private static String left(PayingClient client, Address token) {
    return client.till().budget().left(token).toString();
  }

  private static JsonObject json(PayingChannel channel, ChannelAccount account) {
    JsonObject json =
        describe(account)
            .put("writtenOff", channel.live().writtenOff().toString())
            .put("price", channel.offer().terms().tariff().toString())
            .put("streams", channel.live().streams())
            .put("window", channel.live().window().quanta(channel.live().streams()));
    PayerRefusal stopped = channel.stopped();
    return stopped == null ? json : json.put("reason", stopped.reason());
  }

  /** An account in words and numbers; no signature, no salt. */
  static JsonObject describe(ChannelAccount account) {
    return new JsonObject()
        .put("channelId", account.id().hex())
        .put("state", account.state().name().toLowerCase(Locale.ROOT))
        .put("gateway", account.gateway())
        .put("chainId", account.escrow().chainId())
        .put("escrow", account.escrow().contract().hex())
        .put("payee", account.payee().hex())
        .put("token", account.token().hex())
        .put("deposit", account.deposit().toString())
        .put("authorized", account.signed().toString())
        .put("spent", account.cost().toString())
        .put("claimed", account.claimed().toString())
        .put("openHash", account.openHash())
        .put("openedAt", account.openedAt().toString());
  }
}
