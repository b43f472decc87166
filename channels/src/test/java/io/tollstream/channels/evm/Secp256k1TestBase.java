package io.tollstream.channels.evm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tollstream.channels.Signature;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every implementation of the curve must do. */
abstract class Secp256k1TestBase {
  private static final int RANDOM_CASES = 200;

  private final Secp256k1 curve;

  Secp256k1TestBase(Secp256k1 curve) {
    this.curve = curve;
  }

  static Stream<JsonNode> accounts() {
    return Vectors.list("accounts");
  }

  static Stream<JsonNode> signed() {
    return Stream.of(
            "vouchers",
            "settleAuthorizations",
            "closeAuthorizations",
            "openAuthorizations",
            "topUpAuthorizations",
            "permit2Opens",
            "permit2TopUps")
        .flatMap(Vectors::list);
  }

  @ParameterizedTest
  @MethodSource("accounts")
  void publicKey_ofAPrivateKey_andItsAddress_areViems(JsonNode vector) {
    byte[] publicKey = curve.publicKey(Vectors.bytes(vector, "privateKey"));
    assertArrayEquals(Vectors.bytes(vector, "publicKey"), publicKey);
    assertEquals(Vectors.address(vector, "address"), Secp256k1.addressOf(publicKey));
  }

  @ParameterizedTest
  @MethodSource("signed")
  void sign_isDeterministic_andViems(JsonNode vector) {
    Signature signature =
        curve.sign(Vectors.bytes(vector, "digest"), Vectors.bytes(vector, "privateKey"));
    assertEquals(Vectors.text(vector, "signature"), signature.hex());
  }

  @ParameterizedTest
  @MethodSource("signed")
  void signer_ofASignature_isItsAccount(JsonNode vector) {
    assertEquals(
        Vectors.address(vector, "address"),
        curve.signer(Vectors.bytes(vector, "digest"), Vectors.signature(vector, "signature")));
  }

  @Test
  void signer_ofAnythingMalleated_isNotTheAccount() {
    JsonNode malleated = Vectors.object("malleated");
    byte[] digest = Vectors.bytes(malleated, "digest");
    int tried = 0;
    for (JsonNode refused : malleated.required("refused")) {
      if (refused.asText().length() == 2 + 2 * Signature.LENGTH) {
        tried++;
        assertNotEquals(
            Vectors.address(malleated, "address"),
            curve.signer(digest, Signature.parse(refused.asText())));
      }
    }
    assertEquals(6, tried);
  }

  @Test
  void recover_signatureOutOfForm_givesNobody() {
    JsonNode malleated = Vectors.object("malleated");
    byte[] digest = Vectors.bytes(malleated, "digest");
    JsonNode refused = malleated.required("refused");
    for (String form : new String[] {"highS", "vZeroOrOne", "zeroR", "zeroS", "rNotBelowOrder"}) {
      assertNull(curve.recover(digest, Vectors.signature(refused, form)), form);
    }
  }

  @Test
  void recover_noPointWithThatX_givesNobody() {
    byte[] bytes = new byte[Signature.LENGTH];
    bytes[31] = 5; // no point of the curve has x = 5
    bytes[63] = 1;
    bytes[64] = 27;
    assertNull(curve.recover(new byte[32], Signature.of(bytes)));
  }

  @Test
  void signThenRecover_randomKeysAndDigests_givesTheKeyAndLowS() {
    Random random = new Random(1);
    for (int i = 0; i < RANDOM_CASES; i++) {
      byte[] key = new byte[32];
      byte[] digest = new byte[32];
      random.nextBytes(key);
      random.nextBytes(digest);
      Signature signature = curve.sign(digest, key);
      assertTrue(Canonical.isCanonical(signature.bytes()));
      assertArrayEquals(curve.publicKey(key), curve.recover(digest, signature));
    }
  }

  @Test
  void isPrivateKey_zeroOrOrderOrWrongLength_isNot() {
    assertFalse(curve.isPrivateKey(new byte[32]));
    assertFalse(curve.isPrivateKey(Canonical.ORDER));
    assertFalse(curve.isPrivateKey(new byte[31]));
    byte[] largest = Canonical.ORDER.clone();
    largest[31]--;
    assertTrue(curve.isPrivateKey(largest));
  }
}
