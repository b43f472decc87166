package io.tollstream.channels.evm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Funding;
import io.tollstream.channels.Hex;
import java.math.BigInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.ThrowingConsumer;

/** Digests, ids and nonces, against those that viem computed. */
final class Eip712Test {

  @TestFactory
  Stream<DynamicTest> hash_ofAnyLength_isKeccak256() {
    return each(
        "keccak256",
        v -> assertArrayEquals(Vectors.bytes(v, "hash"), Keccak.hash(Vectors.bytes(v, "input"))));
  }

  @TestFactory
  Stream<DynamicTest> channelId_ofItsParameters_isTheEscrows() {
    return each(
        "channelIds",
        v -> {
          Escrow escrow = new Escrow(v.required("chainId").asLong(), Vectors.address(v, "escrow"));
          assertEquals(Vectors.channelId(v), Vectors.opening(v, "payer").channelId(escrow));
        });
  }

  @TestFactory
  Stream<DynamicTest> voucherDigest_ofItsDomain_isWhatViemSigns() {
    return each(
        "vouchers",
        v -> {
          assertArrayEquals(Vectors.bytes(v, "domainSeparator"), separator(v));
          assertArrayEquals(
              Vectors.bytes(v, "digest"),
              digests(v).voucher(Vectors.channelId(v), Vectors.amount(v, "cumulativeAmount")));
        });
  }

  @TestFactory
  Stream<DynamicTest> settleDigest_ofItsDomain_isWhatViemSigns() {
    return each(
        "settleAuthorizations",
        v ->
            assertArrayEquals(
                Vectors.bytes(v, "digest"),
                digests(v)
                    .settle(
                        Vectors.channelId(v),
                        Vectors.amount(v, "cumulativeAmount"),
                        Vectors.number(v, "nonce"),
                        Vectors.number(v, "deadline"))));
  }

  @TestFactory
  Stream<DynamicTest> closeDigest_ofItsDomain_isWhatViemSigns() {
    return each(
        "closeAuthorizations",
        v ->
            assertArrayEquals(
                Vectors.bytes(v, "digest"),
                digests(v)
                    .close(
                        Vectors.channelId(v),
                        Vectors.amount(v, "cumulativeAmount"),
                        Vectors.number(v, "nonce"),
                        Vectors.number(v, "deadline"))));
  }

  @TestFactory
  Stream<DynamicTest> openAuthorization_ofAToken_hasViemsNonceAndDigest() {
    return each(
        "openAuthorizations",
        v -> {
          byte[] nonce = Vectors.opening(v, "from").eip3009Nonce();
          assertEquals(Vectors.text(v, "nonce"), Hex.encode(nonce));
          assertArrayEquals(
              Vectors.bytes(v, "digest"), Eip3009.digest(separator(v), Vectors.eip3009(v)));
        });
  }

  @TestFactory
  Stream<DynamicTest> topUpAuthorization_ofAToken_hasViemsNonceAndDigest() {
    return each(
        "topUpAuthorizations",
        v -> {
          byte[] nonce =
              Eip3009.topUpNonce(
                  Vectors.channelId(v),
                  Vectors.amount(v, "additionalDeposit"),
                  Vectors.address(v, "from"),
                  Vectors.text(v, "topUpSalt"));
          assertEquals(Vectors.text(v, "nonce"), Hex.encode(nonce));
          assertArrayEquals(
              Vectors.bytes(v, "digest"), Eip3009.digest(separator(v), Vectors.eip3009(v)));
        });
  }

  @TestFactory
  Stream<DynamicTest> permit2Open_withItsWitness_hasViemsDigest() {
    return each(
        "permit2Opens",
        v -> {
          Funding.Permit2 permit = Vectors.permit2(v);
          JsonNode witness = v.required("witness");
          Opening opening =
              new Opening(
                  permit.from(),
                  Vectors.address(witness, "payee"),
                  permit.token(),
                  Vectors.text(witness, "salt"),
                  Vectors.address(witness, "authorizedSigner"));
          assertArrayEquals(Vectors.bytes(v, "digest"), permit2(v).openDigest(permit, opening));
        });
  }

  @TestFactory
  Stream<DynamicTest> permit2TopUp_withItsWitness_hasViemsDigest() {
    return each(
        "permit2TopUps",
        v ->
            assertArrayEquals(
                Vectors.bytes(v, "digest"),
                permit2(v)
                    .topUpDigest(Vectors.permit2(v), Vectors.channelId(v.required("witness")))));
  }

  @TestFactory
  Stream<DynamicTest> spelling_ofAnAddress_carriesTheChecksum() {
    return each(
        "checksums",
        v -> assertEquals(Vectors.text(v, "checksum"), Eip55.spell(Vectors.address(v, "lower"))));
  }

  @Test
  void words_oneMissing_throws() {
    Words words = new Words(2).put(Address.ZERO);
    assertThrows(IllegalStateException.class, words::hash);
  }

  @Test
  void words_numberAbove256Bits_throws() {
    Words words = new Words(1);
    BigInteger tooLarge = BigInteger.ONE.shiftLeft(256);
    assertThrows(IllegalArgumentException.class, () -> words.put(tooLarge));
  }

  private static Stream<DynamicTest> each(String vectors, ThrowingConsumer<JsonNode> check) {
    return DynamicTest.stream(Vectors.list(vectors), v -> vectors, check);
  }

  private static byte[] separator(JsonNode vector) {
    JsonNode domain = vector.required("domain");
    Escrow contract = Vectors.contract(domain);
    return Eip712.domain(
        Vectors.text(domain, "name"),
        Vectors.text(domain, "version"),
        contract.chainId(),
        contract.contract());
  }

  private static Eip712 digests(JsonNode vector) {
    JsonNode domain = vector.required("domain");
    return new Eip712(Vectors.text(domain, "name"), Vectors.contract(domain));
  }

  private static Permit2 permit2(JsonNode vector) {
    Escrow permit2 = Vectors.contract(vector.required("domain"));
    return new Permit2(
        permit2.contract(), new Escrow(permit2.chainId(), Vectors.address(vector, "spender")));
  }
}
