package io.tollstream.metering;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class AmountPropertiesTest {
  @Property
  void anyTwo_order_isThatOfTheirBaseUnits(@ForAll int first, @ForAll int second) {
    Amount a = Amount.of(Math.abs((long) first));
    Amount b = Amount.of(Math.abs((long) second));
    assertEquals(a.baseUnits().compareTo(b.baseUnits()), a.compareTo(b));
    assertEquals(a.compareTo(b) > 0, a.exceeds(b));
    assertEquals(a.plus(b), a.min(b).plus(a.max(b)));
    assertFalse(a.min(b).exceeds(a.max(b)));
    assertEquals(a, a.plus(b).minus(b));
  }
}
