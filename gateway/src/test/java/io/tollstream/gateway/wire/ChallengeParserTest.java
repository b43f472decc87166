package io.tollstream.gateway.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ChallengeParserTest {
  private static final String REST =
      "realm=\"r\", method=\"evm\", intent=\"session\", request=\"e30\"";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Payment id=\"a\", REST",
        "payment ID=a , REST",
        "PAYMENT   id = \"a\",,  REST",
        "Payment id=\"a\",\tREST",
        "Payment id=\"a\", unknown=\"x\", REST",
        "Payment id=\"a\", REST, id=\"second\"",
        "Payment id=\"\\a\", REST",
        ", ,Payment id=\"a\", REST",
        "Basic realm=\"b\", Payment id=\"a\", REST",
        "Bearer, Payment id=\"a\", REST",
        "Negotiate YWJj=, Payment id=\"a\", REST",
        "Digest realm=\"x, Payment id=\\\"q\\\"\", nonce=\"n\", Payment id=\"a\", REST",
        "Payment id=\"a\", REST, Basic realm=\"b\""
      })
  void parse_oneReadableChallenge_isFound(String value) {
    assertEquals(List.of("a"), ids(value.replace("REST", REST)));
  }

  @Test
  void parse_severalInOneValueAndSeveralValues_areFoundInOrder() {
    String two = "Payment id=\"a\", " + REST + ", Basic realm=\"x\", Payment id=\"b\", " + REST;
    assertEquals(List.of("a", "b", "c"), ids(two, "Payment id=\"c\", " + REST));
  }

  @Test
  void parse_unreadableBesideReadable_isPassedOver() {
    assertEquals(
        List.of("b"),
        ids("Payment id=\"\", " + REST + ", Payment realm=\"r\", Payment id=\"b\", " + REST));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",,, ,",
        "Payment",
        "Payment id=\"\", REST",
        "Payment REST",
        "Basic realm=\"Payment id=a\"",
        "\"Payment\" id=\"a\"",
        "Payment id=\"unterminated",
        "=;()<>@",
        "PaymentX id=\"a\", REST",
        "Payment id=\"a\\"
      })
  void parse_noChallenge_findsNone(String value) {
    assertEquals(List.of(), ids(value.replace("REST", REST)));
  }

  @Test
  void parse_oversized_isNotLookedAt() {
    String padding = "x".repeat(33 * 1024);
    assertEquals(
        List.of("b"),
        ids("Payment id=\"a\", " + REST + ", p=\"" + padding + "\"", "Payment id=\"b\", " + REST));
  }

  @Test
  void parse_thousandsOfSchemes_takesNoTimeWorthMentioning() {
    String many = "Basic ,".repeat(4_000);
    assertTimeoutPreemptively(Duration.ofSeconds(5), () -> ids(many));
  }

  @Property(tries = 500)
  void parse_anything_neitherThrowsNorHangs(
      @ForAll
          @StringLength(max = 60)
          @Chars({
            'P', 'a', 'y', 'm', 'e', 'n', 't', ' ', ',', '=', '"', '\\', '\t', 'i', 'd', ';', '/',
            'é'
          })
          String value) {
    assertTimeoutPreemptively(
        Duration.ofSeconds(5), () -> ChallengeParser.parse(List.of("Payment " + value)));
  }

  private static List<String> ids(String... values) {
    return ChallengeParser.parse(List.of(values)).stream().map(Challenge::id).toList();
  }
}
