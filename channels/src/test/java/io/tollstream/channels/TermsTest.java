package io.tollstream.channels;

import static io.tollstream.channels.Samples.address;
import static io.tollstream.channels.Samples.channel;
import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.Samples.refusal;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tollstream.metering.Amount;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class TermsTest {
  private static final Amount MINIMUM = Amount.of(100);

  private static Terms terms(Escrow escrow, Address payee, Address token) {
    return new Terms(escrow, payee, token, MINIMUM);
  }

  private static Terms fit() {
    return terms(Samples.ESCROW, address(0xbb), address(0xcc));
  }

  private static Refusal mismatch(String field, Object expected, Object actual) {
    return new Refusal.ChannelMismatch(field, expected.toString(), actual.toString());
  }

  @Test
  void check_fit_givesTheChannel() {
    assertEquals(Result.ok(channel(1, 100)), fit().check(channel(1, 100)));
  }

  static Stream<Arguments> misfits() {
    Escrow escrow = Samples.ESCROW;
    Address payee = address(0xbb);
    Address token = address(0xcc);
    Address other = address(0xdd);
    return Stream.of(
        Arguments.of(
            terms(new Escrow(1, escrow.contract()), payee, token), mismatch("chainId", 1, 314)),
        Arguments.of(
            terms(new Escrow(314, other), payee, token),
            mismatch("escrowContract", other, escrow.contract())),
        Arguments.of(terms(escrow, other, token), mismatch("recipient", other, payee)),
        Arguments.of(terms(escrow, payee, other), mismatch("currency", other, token)),
        Arguments.of(
            terms(escrow, payee, Address.ZERO), mismatch("currency", Address.ZERO, token)));
  }

  @ParameterizedTest
  @MethodSource("misfits")
  void check_fieldDiffers_namesItAndBothValues(Terms terms, Refusal expected) {
    assertEquals(expected, refusal(terms.check(channel(1, 100))));
  }

  @Test
  void check_stateUnfit_saysWhich() {
    Amount deposit = Amount.of(1_000);
    assertEquals(
        new Refusal.ChannelFinalized(id(1)),
        refusal(fit().check(channel(1, deposit, Amount.ZERO, 7, true))));
    assertEquals(
        new Refusal.CloseRequested(id(1)),
        refusal(fit().check(channel(1, deposit, Amount.ZERO, 7, false))));
    assertEquals(
        new Refusal.InsufficientBalance(MINIMUM, Amount.of(99)),
        refusal(fit().check(channel(1, deposit, Amount.of(901), 0, false))));
  }
}
