package io.tollstream.metering;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AmountTest {
  private static final BigInteger LIMIT = BigInteger.ONE.shiftLeft(128);
  private static final String LARGEST = "340282366920938463463374607431768211455";

  @Test
  void outsideUint128_construction_throws() {
    BigInteger minusOne = BigInteger.ONE.negate();
    assertThrows(ArithmeticException.class, () -> new Amount(minusOne));
    assertThrows(ArithmeticException.class, () -> new Amount(LIMIT));
    assertThrows(ArithmeticException.class, () -> Amount.of(-1));
    assertEquals(LIMIT.subtract(BigInteger.ONE), Amount.MAX.baseUnits());
  }

  @Test
  void outsideUint128_arithmetic_throws() {
    Amount one = Amount.of(1);
    assertThrows(ArithmeticException.class, () -> Amount.MAX.plus(one));
    assertThrows(ArithmeticException.class, () -> Amount.ZERO.minus(one));
  }

  @Test
  void outsideUint128_saturatingArithmetic_stopsAtTheEdge() {
    assertEquals(Amount.MAX, Amount.MAX.plusOrMax(Amount.of(1)));
    assertEquals(Amount.MAX, Amount.MAX.minus(Amount.of(1)).plusOrMax(Amount.of(1)));
    assertEquals(Amount.of(5), Amount.of(2).plusOrMax(Amount.of(3)));
    assertEquals(Amount.ZERO, Amount.of(2).minusOrZero(Amount.of(3)));
    assertEquals(Amount.of(1), Amount.of(3).minusOrZero(Amount.of(2)));
  }

  @Test
  void zero_isZero_onlyThen() {
    assertTrue(Amount.of(0).isZero());
    assertSame(Amount.ZERO, Amount.of(0));
    assertFalse(Amount.of(1).isZero());
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "1", "18446744073709551616", LARGEST})
  void decimal_parse_isReadAndWrittenAlike(String decimal) {
    assertEquals(decimal, Amount.parse(decimal).toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "-1",
        "+1",
        "00",
        "01",
        "1.0",
        "1e3",
        "0x1",
        " 1",
        "1 ",
        "1_000",
        "\u0661",
        "\uff11",
        "340282366920938463463374607431768211456",
        "1000000000000000000000000000000000000000"
      })
  void anythingElse_parse_throws(String text) {
    assertThrows(NumberFormatException.class, () -> Amount.parse(text));
  }
}
