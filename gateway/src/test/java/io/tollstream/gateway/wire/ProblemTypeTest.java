package io.tollstream.gateway.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.json.JsonObject;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ProblemTypeTest {
  private static final String BASE = "https://paymentauth.org/problems/";

  /** draft-httpauth-payment-00, "Error Codes"; draft-evm-session-00, "Error Responses". */
  @ParameterizedTest
  @CsvSource({
    "payment-required, 402",
    "payment-insufficient, 402",
    "payment-expired, 402",
    "verification-failed, 402",
    "method-unsupported, 400",
    "invalid-challenge, 402",
    "session/invalid-signature, 402",
    "session/signer-mismatch, 402",
    "session/amount-exceeds-deposit, 402",
    "session/delta-too-small, 402",
    "session/channel-not-found, 410",
    "session/channel-finalized, 410",
    "session/challenge-not-found, 402",
    "session/insufficient-balance, 402",
    "session/transaction-reverted, 409"
  })
  void status_ofTheDraftsTypes_isTheDrafts(String path, int status) {
    assertEquals(Set.of(status), statusesOf(path));
  }

  /** A header that cannot be read is the core draft's 402; a payload, the session draft's 400. */
  @Test
  void status_ofMalformed_dependsOnWhatIsMalformed() {
    assertEquals(Set.of(400, 402), statusesOf("malformed-credential"));
    assertEquals(402, ProblemType.MALFORMED_CREDENTIAL.status());
    assertEquals(400, ProblemType.MALFORMED_PAYLOAD.status());
  }

  @Test
  void toJson_ofAProblem_isADocumentOfRfc9457() {
    assertEquals(
        new JsonObject()
            .put("type", BASE + "session/delta-too-small")
            .put("title", "Delta Too Small")
            .put("status", 402)
            .put("detail", "more"),
        ProblemType.DELTA_TOO_SMALL.toJson("more"));
  }

  private static Set<Integer> statusesOf(String path) {
    Set<Integer> statuses = new TreeSet<>();
    Arrays.stream(ProblemType.values())
        .filter(type -> type.uri().equals(BASE + path))
        .forEach(type -> statuses.add(type.status()));
    return statuses;
  }
}
