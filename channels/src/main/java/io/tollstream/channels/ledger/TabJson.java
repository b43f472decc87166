package io.tollstream.channels.ledger;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Signature;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Bill;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A tab as one line of JSON, for moving it to another ledger. Amounts are decimal strings of base
 * units, bytes are {@code 0x} hexadecimal. Reservations stay behind, for their streams cannot come
 * along: what they hold is on the bill.
 */
final class TabJson {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private static final Set<String> FIELDS =
      Set.of(
          "channelId",
          "chainId",
          "escrow",
          "payer",
          "payee",
          "token",
          "authorizedSigner",
          "deposit",
          "settled",
          "closeRequestedAt",
          "finalized",
          "phase",
          "redeem",
          "broughtForward",
          "seenAt",
          "owedSince",
          "vouchers",
          "bill");

  private TabJson() {}

  static String encode(Tab tab) {
    Channel channel = tab.channel();
    String redeem = Columns.redeem(tab.phase());
    ObjectNode line =
        JSON.createObjectNode()
            .put("channelId", tab.id().hex())
            .put("chainId", channel.escrow().chainId())
            .put("escrow", channel.escrow().contract().hex())
            .put("payer", channel.payer().hex())
            .put("payee", channel.payee().hex())
            .put("token", channel.token().hex())
            .put("authorizedSigner", channel.authorizedSigner().hex())
            .put("deposit", channel.deposit().toString())
            .put("settled", channel.settled().toString())
            .put("closeRequestedAt", channel.closeRequestedAt())
            .put("finalized", channel.finalized())
            .put("phase", Columns.phase(tab.phase()))
            .put("redeem", redeem == null ? null : Columns.amount(redeem).toString())
            .put("broughtForward", tab.broughtForward().toString())
            .put("seenAt", tab.seenAt())
            .put("owedSince", tab.owedSince());
    ArrayNode vouchers = line.putArray("vouchers");
    for (Voucher voucher : tab.vouchers()) {
      vouchers
          .addObject()
          .put("cumulative", voucher.cumulative().toString())
          .put("signature", voucher.signature().hex());
    }
    encode(tab.bill(), line.putArray("bill"));
    return line.toString();
  }

  /** In the order of the tariffs' names, so that equal tabs make equal lines. */
  private static void encode(Bill bill, ArrayNode lines) {
    bill.lines().entrySet().stream()
        .sorted(Comparator.comparing(line -> line.getKey().toString()))
        .forEach(
            line ->
                lines
                    .addObject()
                    .put("price", line.getKey().price().toString())
                    .put("unit", line.getKey().unit().label())
                    .put("quanta", line.getValue()));
  }

  /**
   * Reads a line.
   *
   * @throws IllegalArgumentException naming the field that is missing, unknown or wrong, or saying
   *     why the fields make no tab
   */
  static Tab decode(String text) {
    Line line = new Line(object(text));
    line.requireNoOthers(FIELDS);
    ChannelId id = line.read("channelId", node -> new ChannelId(string(node)));
    return new Tab(
        channel(id, line),
        line.read("phase", node -> Columns.phase(string(node), redeem(line))),
        line.amount("broughtForward"),
        vouchers(id, line.array("vouchers")),
        bill(line.array("bill")),
        List.of(),
        line.number("seenAt"),
        line.number("owedSince"));
  }

  static JsonNode object(String text) {
    try {
      JsonNode node = JSON.readTree(text);
      if (node.isObject()) {
        return node;
      }
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("no JSON: " + e.getOriginalMessage(), e);
    }
    throw new IllegalArgumentException("expected a JSON object");
  }

  private static @Nullable String redeem(Line line) {
    return line.isNull("redeem") ? null : Columns.amount(line.amount("redeem"));
  }

  private static Channel channel(ChannelId id, Line line) {
    return new Channel(
        id,
        new Escrow(line.number("chainId"), line.address("escrow")),
        line.address("payer"),
        line.address("payee"),
        line.address("token"),
        line.address("authorizedSigner"),
        line.amount("deposit"),
        line.amount("settled"),
        line.number("closeRequestedAt"),
        line.read("finalized", TabJson::flag));
  }

  private static List<Voucher> vouchers(ChannelId id, List<Line> lines) {
    List<Voucher> vouchers = new ArrayList<>();
    for (Line line : lines) {
      line.requireNoOthers(Set.of("cumulative", "signature"));
      Signature signature = line.read("signature", node -> Signature.parse(string(node)));
      vouchers.add(new Voucher(id, line.amount("cumulative"), signature));
    }
    return vouchers;
  }

  private static Bill bill(List<Line> lines) {
    Map<Tariff, Long> bill = new HashMap<>();
    for (Line line : lines) {
      line.requireNoOthers(Set.of("price", "unit", "quanta"));
      TariffUnit unit = line.read("unit", node -> TariffUnit.ofLabel(string(node)));
      if (bill.put(new Tariff(line.amount("price"), unit), line.number("quanta")) != null) {
        throw new IllegalArgumentException("bill: a tariff twice");
      }
    }
    return new Bill(bill);
  }

  private static String string(JsonNode node) {
    if (!node.isTextual()) {
      throw new IllegalArgumentException("expected a string");
    }
    return node.textValue();
  }

  private static boolean flag(JsonNode node) {
    if (!node.isBoolean()) {
      throw new IllegalArgumentException("expected true or false");
    }
    return node.booleanValue();
  }

  private static long whole(JsonNode node) {
    if (!node.isIntegralNumber() || !node.canConvertToLong()) {
      throw new IllegalArgumentException("expected a whole number");
    }
    return node.longValue();
  }

  /** How a field's value is read. */
  @FunctionalInterface
  private interface Reading<T> {
    T of(JsonNode node);
  }

  /** An object of the line, whose troubles are told with the field's name. */
  private record Line(JsonNode node) {
    <T> T read(String field, Reading<T> reading) {
      JsonNode value = node.get(field);
      if (value == null) {
        throw new IllegalArgumentException(field + ": missing");
      }
      try {
        return reading.of(value);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(field + ": " + e.getMessage(), e);
      }
    }

    boolean isNull(String field) {
      return node.path(field).isNull();
    }

    Amount amount(String field) {
      return read(field, value -> Amount.parse(string(value)));
    }

    Address address(String field) {
      return read(field, value -> new Address(string(value)));
    }

    long number(String field) {
      return read(field, TabJson::whole);
    }

    List<Line> array(String field) {
      return read(
          field,
          value -> {
            if (!value.isArray()) {
              throw new IllegalArgumentException("expected an array");
            }
            List<Line> lines = new ArrayList<>();
            value.forEach(each -> lines.add(new Line(each)));
            return lines;
          });
    }

    void requireNoOthers(Set<String> known) {
      Set<String> others = new HashSet<>();
      node.fieldNames().forEachRemaining(others::add);
      others.removeAll(known);
      if (!others.isEmpty()) {
        throw new IllegalArgumentException("no such fields: " + others);
      }
    }
  }
}
