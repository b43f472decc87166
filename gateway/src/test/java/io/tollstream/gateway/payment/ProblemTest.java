package io.tollstream.gateway.payment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.StreamId;
import io.tollstream.gateway.MemoryLedger;
import io.tollstream.gateway.wire.ProblemType;
import io.tollstream.metering.Amount;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class ProblemTest {
  private static final ChannelId ID = new ChannelId("0x" + "11".repeat(32));
  private static final Address A = new Address("0x" + "aa".repeat(20));
  private static final Address B = new Address("0x" + "bb".repeat(20));

  private static final Map<Refusal, ProblemType> EXPECTED =
      Map.ofEntries(
          Map.entry(new Refusal.Malformed("salt", "32 bytes"), ProblemType.MALFORMED_PAYLOAD),
          Map.entry(new Refusal.InvalidSignature(), ProblemType.INVALID_SIGNATURE),
          Map.entry(new Refusal.SignerMismatch(A, B), ProblemType.SIGNER_MISMATCH),
          Map.entry(
              new Refusal.AmountExceedsDeposit(Amount.of(7), Amount.of(5)),
              ProblemType.AMOUNT_EXCEEDS_DEPOSIT),
          Map.entry(
              new Refusal.DeltaTooSmall(Amount.of(1), Amount.of(5)), ProblemType.DELTA_TOO_SMALL),
          Map.entry(new Refusal.ChannelNotFound(ID), ProblemType.CHANNEL_NOT_FOUND),
          Map.entry(new Refusal.ChannelFinalized(ID), ProblemType.CHANNEL_FINALIZED),
          Map.entry(new Refusal.CloseRequested(ID), ProblemType.CHANNEL_FINALIZED),
          Map.entry(
              new Refusal.ChannelMismatch("currency", "0xa", "0xb"),
              ProblemType.VERIFICATION_FAILED),
          Map.entry(
              new Refusal.InsufficientBalance(Amount.of(7), Amount.of(5)),
              ProblemType.INSUFFICIENT_BALANCE),
          Map.entry(new Refusal.TransactionReverted("why"), ProblemType.TRANSACTION_REVERTED),
          Map.entry(new Refusal.TransactionPending("0x1"), ProblemType.VERIFICATION_FAILED),
          Map.entry(new Refusal.TooManyTariffs(), ProblemType.PAYMENT_INSUFFICIENT),
          Map.entry(new Refusal.TooManyStreams(256), ProblemType.TOO_MANY_STREAMS),
          Map.entry(
              new Refusal.StreamEnded(new StreamId(MemoryLedger.NODE, 1)), ProblemType.UNAVAILABLE),
          Map.entry(new Refusal.Unavailable("The chain"), ProblemType.UNAVAILABLE));

  @Test
  void of_everyRefusalThereIs_isInTheTable() {
    Set<Class<?>> listed =
        EXPECTED.keySet().stream().map(Object::getClass).collect(Collectors.toSet());
    assertEquals(
        Arrays.stream(Refusal.class.getPermittedSubclasses()).collect(Collectors.toSet()), listed);
  }

  static Stream<Arguments> table() {
    return EXPECTED.entrySet().stream()
        .map(entry -> Arguments.of(entry.getKey(), entry.getValue()));
  }

  @ParameterizedTest
  @MethodSource("table")
  void of_refusal_isItsProblemAndSaysWhatToDo(Refusal refusal, ProblemType expected) {
    Problem problem = Problem.of(refusal);
    assertEquals(expected, problem.type());
    assertTrue(problem.detail().length() > 20, problem.detail());
    assertFalse(problem.detail().contains("["), "no record's own spelling: " + problem.detail());
  }

  @Test
  void of_amounts_namesBoth() {
    String detail =
        Problem.of(new Refusal.AmountExceedsDeposit(Amount.of(7), Amount.of(5))).detail();
    assertTrue(detail.contains("7") && detail.contains("5"), detail);
  }
}
