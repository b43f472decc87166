package io.tollstream.metering;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MeterPolicyTest {
  @ParameterizedTest
  @CsvSource({
    "0, 1, 2, 0, 0, firstChunkQuanta",
    "-1, 1, 2, 0, 0, firstChunkQuanta",
    "2, 1, 2, 0, 0, maxChunkQuanta",
    "1, 1099511627777, 2, 0, 0, maxChunkQuanta",
    "1, 1, 1, 0, 0, windowChunks",
    "1, 1, 65, 0, 0, windowChunks",
    "1, 1, 2, -1, 0, startHoldMillis",
    "1, 1, 2, 86400001, 0, startHoldMillis",
    "1, 1, 2, 0, -1, holdMillis",
    "1, 1, 2, 0, 86400001, holdMillis",
  })
  void valueOutOfRange_construction_throwsNamingIt(
      long first, long max, int window, long startHold, long hold, String name) {
    IllegalArgumentException thrown =
        assertThrows(
            IllegalArgumentException.class,
            () -> new MeterPolicy(first, max, window, startHold, hold));
    assertEquals(name, String.valueOf(thrown.getMessage()).split(" ", 2)[0]);
  }

  @Test
  void valuesAtTheEdges_construction_succeeds() {
    assertEquals(1, new MeterPolicy(1, 1, 2, 0, 0).firstChunkQuanta());
    MeterPolicy widest = new MeterPolicy(1L << 40, 1L << 40, 64, 86_400_000, 86_400_000);
    assertEquals(1L << 40, widest.chunkAfter(1L << 40));
  }

  @Test
  void chunkPaid_next_isHalfAsLargeAgainUpToTheMost() {
    MeterPolicy policy = new MeterPolicy(1, 10, 2, 0, 0);
    assertEquals(2, policy.chunkAfter(1));
    assertEquals(3, policy.chunkAfter(2));
    assertEquals(5, policy.chunkAfter(3));
    assertEquals(8, policy.chunkAfter(5));
    assertEquals(10, policy.chunkAfter(8));
    assertEquals(10, policy.chunkAfter(10));
  }

  @Test
  void defaults_values_areThoseOfTheDesign() {
    assertEquals(new MeterPolicy(262_144, 4_194_304, 4, 8_000, 30_000), MeterPolicy.BYTES);
    assertEquals(new MeterPolicy(1_000, 10_000, 4, 8_000, 30_000), MeterPolicy.TIME);
  }
}
