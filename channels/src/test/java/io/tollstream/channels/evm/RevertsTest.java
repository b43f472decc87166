package io.tollstream.channels.evm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.evm.Reverts.Attempt;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RevertsTest {
  private static final ChannelId ID = ChannelId.of(new byte[32]);
  private static final Attempt ATTEMPT = new Attempt(ID, Amount.of(7), Amount.of(5));

  /** Errors of the token's permit and constructor, which nothing here calls. */
  private static final String NEVER_MET = "ERC2612.*|InvalidAccountNonce.*|ERC20Invalid.*|ECDSA.*";

  static Stream<String> errors() {
    return Stream.of("TollstreamEscrow", "TestToken")
        .flatMap(name -> StreamSupport.stream(Artifact.load(name).abi().spliterator(), false))
        .filter(item -> item.path("type").asText().equals("error"))
        .map(RevertsTest::signature)
        .filter(signature -> !signature.matches(NEVER_MET))
        .distinct();
  }

  private static String signature(JsonNode error) {
    return StreamSupport.stream(error.path("inputs").spliterator(), false)
        .map(input -> input.path("type").asText())
        .collect(Collectors.joining(",", error.path("name").asText() + "(", ")"));
  }

  @ParameterizedTest
  @MethodSource("errors")
  void name_ofEveryErrorInTheArtifacts_isKnown(String signature) {
    assertNotEquals("reverted", Reverts.name(revert(Abi.selector(signature))));
  }

  @ParameterizedTest
  @CsvSource({
    "AmountExceedsDeposit, AmountExceedsDeposit",
    "ChannelNotFound, ChannelNotFound",
    "ChannelFinalized, ChannelFinalized",
    "InvalidSignature, InvalidSignature",
    "NonceMismatch, TransactionReverted",
    "NonceAlreadyUsed, TransactionReverted",
    "AuthorizationExpired, TransactionReverted",
    "AmountNotIncreasing, TransactionReverted",
    "ChannelAlreadyExists, TransactionReverted",
    "NeverHeardOf, TransactionReverted"
  })
  void refusal_ofARevert_isTheDraftsMapping(String error, String refusal) {
    Refusal mapped = Reverts.refusal(revert(Abi.selector(error + "()")), ATTEMPT);
    assertEquals(refusal, mapped.getClass().getSimpleName());
  }

  @Test
  void refusal_tokenPullFailed_isInsufficientBalance() {
    String arguments = "0".repeat(64) + "0".repeat(63) + "2" + "0".repeat(63) + "9";
    String balance = Abi.selector("ERC20InsufficientBalance(address,uint256,uint256)");
    assertEquals(
        new Refusal.InsufficientBalance(Amount.of(9), Amount.of(2)),
        Reverts.refusal(revert(balance + arguments), ATTEMPT));
    for (String sentence :
        new String[] {"TRANSFER_FROM_FAILED", "ERC20: transfer amount exceeds balance"}) {
      String data = Abi.function("Error", Abi.string(sentence)).substring(2);
      assertEquals(
          new Refusal.InsufficientBalance(Amount.of(7), Amount.ZERO),
          Reverts.refusal(revert(data), ATTEMPT));
    }
  }

  @Test
  void refusal_ofAnotherSentence_isAPlainRevert() {
    String data = Abi.function("Error", Abi.string("because")).substring(2);
    assertEquals(
        new Refusal.TransactionReverted("reverted"), Reverts.refusal(revert(data), ATTEMPT));
  }

  @ParameterizedTest
  @ValueSource(strings = {"08c379a0", "08c379a0ffff", "e450d38c00"})
  void refusal_dataCutShort_isStillARefusal(String data) {
    assertInstanceOf(Refusal.class, Reverts.refusal(revert(data), ATTEMPT));
  }

  @Test
  void refusal_lotusPrintsTheData_isDecoded() {
    String printed =
        "message execution failed: exit 33, revert reason: none, vm error=[0x"
            + Abi.selector("ChannelNotFound()")
            + "]";
    RpcFailure failure = RpcFailure.answered("endpoint", 1, printed, null);
    assertEquals(new Refusal.ChannelNotFound(ID), Reverts.refusal(failure, ATTEMPT));
  }

  @Test
  void refusal_nodeInTrouble_isUnavailable() {
    RpcFailure failure = RpcFailure.answered("endpoint", -32000, "header not found", null);
    assertInstanceOf(Refusal.Unavailable.class, Reverts.refusal(failure, ATTEMPT));
  }

  @Test
  void returned_offsetsAndLengthsOutOfBounds_areRefused() {
    for (BigInteger offset : new BigInteger[] {BigInteger.TWO.pow(255), BigInteger.valueOf(33)}) {
      Returned returned = new Returned(Abi.constructor(Abi.uint256(offset)));
      assertThrows(IllegalArgumentException.class, () -> returned.string(0));
    }
  }

  private static RpcFailure revert(String data) {
    return RpcFailure.answered("endpoint", 3, "execution reverted", "\"0x" + data + "\"");
  }
}
