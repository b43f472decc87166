package io.tollstream.gateway.payment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tollstream.channels.evm.EvmSession;
import io.tollstream.gateway.FakeChain;
import io.tollstream.gateway.TestGateway;
import io.tollstream.gateway.TestPayer;
import io.tollstream.gateway.payment.Challenges.Verdict;
import io.tollstream.gateway.wire.Challenge;
import io.tollstream.metering.Amount;
import io.tollstream.metering.MeterPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class ChallengesTest {
  private static final byte[] SECRET = secret(0);
  private static final byte[] FORMER = secret(1);
  private static final Duration DAY = Duration.ofHours(24);
  private static final Offer FILM = offer("film", "eyJhbW91bnQiOiIxIn0");

  private Instant now = Instant.parse("2026-03-01T12:00:00Z");
  private final Challenges challenges = book(SECRET);

  /** HMAC-SHA256 by Python's hmac module over the draft's seven slots. */
  @Test
  void issue_knownSecret_isTheIdThatTheDraftPrescribes() {
    Challenge challenge = challenges.issue(FILM);
    assertEquals("udJ6UJnHqWDYCTNTy1HXlvuJxB06U7q-rsZ81zdxpLI", challenge.id());
    assertEquals("2026-03-02T12:00:00Z", challenge.expires());
    assertEquals("eyJyb3V0ZSI6ImZpbG0ifQ", challenge.opaque());
    assertEquals("films.example", challenge.realm());
    assertEquals("evm", challenge.method());
    assertEquals("session", challenge.intent());
    assertEquals("3My9ZausvwAhGeodJXx-6prwLkp9-uBIP5C_2a5gt44", book(FORMER).issue(FILM).id());
  }

  @ParameterizedTest
  @CsvSource({
    "0, VALID",
    "43200, VALID",
    "43201, VALID_AGEING",
    "86399, VALID_AGEING",
    "86400, EXPIRED",
    "900000, EXPIRED"
  })
  void verify_asTimePasses_agesThenExpires(long seconds, Verdict expected) {
    Challenge challenge = challenges.issue(FILM);
    now = now.plusSeconds(seconds);
    assertEquals(expected, challenges.verify(challenge, FILM));
  }

  @Test
  void verify_issuedUnderTheFormerSecret_isValidWhileThatIsKept() {
    Challenge challenge = book(FORMER).issue(FILM);
    assertEquals(Verdict.VALID, book(SECRET, FORMER).verify(challenge, FILM));
    assertEquals(Verdict.UNKNOWN, book(SECRET).verify(challenge, FILM));
  }

  @Test
  void issue_twoSecrets_usesThePresentOne() {
    assertEquals(book(SECRET).issue(FILM), book(SECRET, FORMER).issue(FILM));
  }

  static Stream<Challenge> tampered() {
    Challenge c = new ChallengesTest().challenges.issue(FILM);
    return Stream.of(
        with(c, "x" + c.id().substring(1), c.realm(), c.method(), c.request(), c.expires()),
        with(c, c.id().toLowerCase(java.util.Locale.ROOT), c.realm(), "evm", c.request(), null),
        with(c, c.id(), "other.example", c.method(), c.request(), c.expires()),
        with(c, c.id(), c.realm(), "tempo", c.request(), c.expires()),
        with(c, c.id(), c.realm(), c.method(), "eyJhbW91bnQiOiIwIn0", c.expires()),
        with(c, c.id(), c.realm(), c.method(), c.request(), "2099-01-01T00:00:00Z"),
        with(c, c.id(), c.realm(), c.method(), c.request(), "never"),
        with(c, c.id(), c.realm(), c.method(), c.request(), null),
        with(c, c.id(), c.realm() + "|" + c.method(), "", c.request(), c.expires()),
        new Challenge(
            c.id(),
            c.realm(),
            c.method(),
            "charge",
            c.request(),
            c.expires(),
            null,
            c.opaque(),
            null),
        new Challenge(
            c.id(),
            c.realm(),
            c.method(),
            c.intent(),
            c.request(),
            c.expires(),
            "sha-256=:x:",
            c.opaque(),
            null),
        new Challenge(
            c.id(), c.realm(), c.method(), c.intent(), c.request(), c.expires(), null, "e30", null),
        new Challenge(
            c.id(), c.realm(), c.method(), c.intent(), c.request(), c.expires(), null, null, null));
  }

  @ParameterizedTest
  @MethodSource("tampered")
  void verify_anyFieldChanged_isUnknown(Challenge challenge) {
    assertEquals(Verdict.UNKNOWN, challenges.verify(challenge, FILM));
  }

  @Test
  void verify_forAnotherRoute_isOtherTerms() {
    Challenge cheap = challenges.issue(FILM);
    assertEquals(Verdict.OTHER_TERMS, challenges.verify(cheap, offer("dear", FILM.request())));
  }

  @Test
  void verify_forAnotherPriceOfTheSameRoute_isOtherTerms() {
    Challenge old = challenges.issue(FILM);
    assertEquals(Verdict.OTHER_TERMS, challenges.verify(old, offer("film", "eyJhbW91bnQiOiIyIn0")));
  }

  @Test
  void verify_ofAnotherRealmWithTheSameSecret_isUnknown() {
    Challenge elsewhere =
        new Challenges("other.example", DAY, List.of(SECRET), () -> now).issue(FILM);
    assertEquals(Verdict.UNKNOWN, challenges.verify(elsewhere, FILM));
  }

  @Test
  void new_secretsMissingOrShort_areRefused() {
    assertThrows(IllegalArgumentException.class, ChallengesTest::bookWithout);
    assertThrows(IllegalArgumentException.class, () -> book(new byte[31]));
    assertThrows(IllegalArgumentException.class, () -> book(SECRET, new byte[31]));
  }

  private static Challenges bookWithout() {
    return new Challenges("r", DAY, List.of(), Instant::now);
  }

  private Challenges book(byte[]... secrets) {
    return new Challenges("films.example", DAY, List.of(secrets), () -> now);
  }

  private static Challenge with(
      Challenge c,
      String id,
      String realm,
      String method,
      String request,
      @Nullable String expires) {
    return new Challenge(id, realm, method, c.intent(), request, expires, null, c.opaque(), null);
  }

  private static byte[] secret(int first) {
    byte[] secret = new byte[32];
    for (int i = 0; i < secret.length; i++) {
      secret[i] = (byte) (first + i);
    }
    return secret;
  }

  private static Offer offer(String route, String request) {
    return new Offer(
        route,
        TestGateway.PER_BYTE,
        MeterPolicy.BYTES,
        TestGateway.TERMS,
        new EvmSession(TestPayer.DOMAIN, new FakeChain(TestGateway.ESCROW), false),
        request,
        Amount.ZERO,
        List.of("hash"),
        Amount.ZERO,
        4);
  }
}
