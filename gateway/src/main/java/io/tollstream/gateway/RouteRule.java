package io.tollstream.gateway;

import static io.tollstream.gateway.ConfigChecks.address;
import static io.tollstream.gateway.ConfigChecks.amount;
import static io.tollstream.gateway.ConfigChecks.check;
import static io.tollstream.gateway.ConfigChecks.present;

import com.fasterxml.jackson.annotation.JsonCreator;
import io.tollstream.channels.Address;
import io.tollstream.metering.Amount;
import io.tollstream.metering.MeterPolicy;
import io.tollstream.metering.Tariff;
import io.tollstream.metering.TariffUnit;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One route of the configuration.
 *
 * @param free paths within it that cost nothing
 * @param sale what it sells, or null where all of it is free
 */
record RouteRule(String name, Match match, URI origin, List<String> free, @Nullable Sale sale) {
  private static final int DEFAULT_STREAMS = 64;

  @JsonCreator
  static RouteRule parse(
      String name,
      @Nullable Match match,
      String origin,
      @Nullable List<String> free,
      @Nullable Price price,
      @Nullable String chain,
      @Nullable String payee,
      @Nullable String token,
      @Nullable String suggestedDeposit,
      @Nullable String minDeposit,
      @Nullable String minVoucherDelta,
      @Nullable String credit,
      @Nullable Chunk chunk,
      @Nullable Hold hold,
      @Nullable Integer maxStreamsPerChannel,
      @Nullable String description) {
    present(name, "routes.name", "a name");
    present(origin, "routes." + name + ".origin", "the origin's URL");
    Sale sale =
        price == null
            ? null
            : new Sale(
                price.tariff(),
                present(chain, "routes." + name + ".chain", "the name of a chain"),
                payee(present(payee, "routes." + name + ".payee", "who is paid")),
                address(
                    present(token, "routes." + name + ".token", "a token, or the zero address"),
                    "token"),
                suggestedDeposit == null ? null : amount(suggestedDeposit, "suggestedDeposit"),
                amount(minDeposit == null ? "1" : minDeposit, "minDeposit"),
                amount(minVoucherDelta == null ? "0" : minVoucherDelta, "minVoucherDelta"),
                amount(credit == null ? "0" : credit, "credit"),
                policy(price.tariff().unit().kind(), chunk, hold),
                maxStreamsPerChannel == null ? DEFAULT_STREAMS : maxStreamsPerChannel,
                description);
    return new RouteRule(
        name,
        match == null ? new Match(null, null) : match,
        origin(origin, name),
        free == null ? List.of() : List.copyOf(free),
        sale);
  }

  private static URI origin(String text, String route) {
    URI uri = URI.create(text);
    check(
        uri.getHost() != null
            && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
            && (uri.getPath().isEmpty() || uri.getPath().equals("/")),
        "routes." + route + ".origin",
        "must be http://host:port or https://host:port, without a path");
    return uri;
  }

  private static Address payee(String text) {
    Address payee = address(text, "payee");
    check(
        !payee.isZero() && !payee.isMaskedId(),
        "payee",
        "must be an account that a key controls, not zero and not a masked Filecoin id");
    return payee;
  }

  private static MeterPolicy policy(
      TariffUnit.Kind kind, @Nullable Chunk chunk, @Nullable Hold hold) {
    boolean timed = kind == TariffUnit.Kind.TIME;
    MeterPolicy base = timed ? MeterPolicy.TIME : MeterPolicy.BYTES;
    Chunk sized = chunk == null ? new Chunk(null, null, null, null, null) : chunk;
    Hold held = hold == null ? new Hold(null, null) : hold;
    return new MeterPolicy(
        or(timed ? sized.firstMillis() : sized.firstBytes(), base.firstChunkQuanta()),
        or(timed ? sized.maxMillis() : sized.maxBytes(), base.maxChunkQuanta()),
        sized.windowChunks() == null ? base.windowChunks() : sized.windowChunks(),
        or(held.startMillis(), base.startHoldMillis()),
        or(held.bodyMillis(), base.holdMillis()));
  }

  /** Which requests a route takes; see {@code proxy.Route}. */
  record Match(String host, String path) {
    @JsonCreator
    Match(@Nullable String host, @Nullable String path) {
      this.host = host == null ? "*" : host.toLowerCase(Locale.ROOT);
      this.path = path == null || path.equals("/") ? "" : path;
      check(
          this.path.isEmpty() || (this.path.startsWith("/") && !this.path.endsWith("/")),
          "match.path",
          "must start with a slash and not end with one");
    }
  }

  record Price(Tariff tariff) {
    @JsonCreator
    static Price parse(@Nullable String amount, @Nullable String unit) {
      String units = present(amount, "price.amount", "base units, quoted");
      String label = present(unit, "price.unit", "such as MiB");
      return new Price(new Tariff(amount(units, "price.amount"), TariffUnit.ofLabel(label)));
    }
  }

  /** Reservations: bytes for byte units, milliseconds for time units. */
  record Chunk(
      @Nullable Long firstBytes,
      @Nullable Long maxBytes,
      @Nullable Long firstMillis,
      @Nullable Long maxMillis,
      @Nullable Integer windowChunks) {}

  record Hold(@Nullable Long startMillis, @Nullable Long bodyMillis) {}

  /** What a paid route sells, and for whom. */
  record Sale(
      Tariff tariff,
      String chain,
      Address payee,
      Address token,
      @Nullable Amount suggestedDeposit,
      Amount minDeposit,
      Amount minVoucherDelta,
      Amount credit,
      MeterPolicy policy,
      int maxStreamsPerChannel,
      @Nullable String description) {}

  private static long or(@Nullable Long value, long otherwise) {
    return value == null ? otherwise : value;
  }
}
