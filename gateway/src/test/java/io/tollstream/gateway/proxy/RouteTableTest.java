package io.tollstream.gateway.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.evm.EvmSession;
import io.tollstream.gateway.FakeChain;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestPayer;
import io.tollstream.gateway.payment.Offer;
import io.tollstream.metering.Amount;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RouteTableTest {
  private static final URI ORIGIN = URI.create("http://127.0.0.1:81");

  private final RouteTable table =
      new RouteTable(
          List.of(
              route("any", "*", ""),
              route("film", "*", "/film"),
              route("extras", "*", "/film/extras"),
              route("named", "films.example", "/film"),
              route("namedRoot", "other.example", "")));

  @ParameterizedTest
  @CsvSource(
      nullValues = "null",
      value = {
        "x.example, '', any",
        "x.example, /films, any",
        "x.example, /filmextras, any",
        "x.example, /film, film",
        "x.example, /film/a/b, film",
        "x.example, /film/extras, extras",
        "x.example, /film/extras/a, extras",
        "x.example, /film/extrasa, film",
        "x.example, /FILM, any",
        "films.example, /film, named",
        "FILMS.example, /film/extras, named",
        "films.example, /other, any",
        "other.example, /film/extras, namedRoot",
        "null, /film, film"
      })
  void find_hostAndPath_isTheNamedHostThenTheLongestPath(
      @Nullable String host, String path, String expected) {
    Route route = table.find(host, path);
    assertEquals(expected, route == null ? "none" : route.name());
  }

  @Test
  void find_noRouteMatches_isNull() {
    RouteTable one = new RouteTable(List.of(route("film", "films.example", "/film")));
    assertEquals(null, one.find("films.example", "/"));
    assertEquals(null, one.find("films.example.evil", "/film"));
    assertEquals(null, one.find(null, "/film"));
  }

  @ParameterizedTest
  @CsvSource({
    "/film, true",
    "/film/poster.jpg, false",
    "/film/poster.jpg/a, true",
    "/film/Poster.jpg, true",
    "/film/poster.jpgx, true",
    "/film/pub, false",
    "/film/pub/a/b, false",
    "/film/public, true"
  })
  void isMetered_pathOfAPaidRoute_unlessItIsFree(String path, boolean metered) {
    Route route =
        new Route(
            "film", "*", "/film", List.of("/film/poster.jpg", "/film/pub/**"), ORIGIN, offer());
    assertEquals(metered, route.isMetered(path));
  }

  @Test
  void isMetered_noOffer_never() {
    assertFalse(route("film", "*", "/film").isMetered("/film"));
  }

  @Test
  void originAddress_noPort_isTheSchemes() {
    assertEquals(443, at("https://o.example").originAddress().port());
    assertEquals(80, at("http://o.example").originAddress().port());
    assertEquals(8443, at("https://o.example:8443").originAddress().port());
    assertTrue(at("https://o.example").isOriginSecure());
  }

  private static Route at(String origin) {
    return new Route("r", "*", "", List.of(), URI.create(origin), null);
  }

  private static Offer offer() {
    return new Offer(
        "film",
        TestGateway.PER_BYTE,
        TestGateway.PATIENT,
        TestGateway.TERMS,
        new EvmSession(TestPayer.DOMAIN, new FakeChain(TestGateway.ESCROW), false),
        "e30",
        Amount.ZERO,
        List.of("hash"),
        Amount.ZERO,
        1);
  }

  private static Route route(String name, String host, String path) {
    return new Route(name, host, path, List.of(), ORIGIN, null);
  }
}
