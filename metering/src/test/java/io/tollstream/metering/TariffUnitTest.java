package io.tollstream.metering;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TariffUnitTest {
  @ParameterizedTest
  @CsvSource({
    "byte, BYTES, 1",
    "KiB, BYTES, 1024",
    "MiB, BYTES, 1048576",
    "GiB, BYTES, 1073741824",
    "TiB, BYTES, 1099511627776",
    "second, TIME, 1000",
    "minute, TIME, 60000",
  })
  void label_unit_hasItsKindAndQuanta(String label, TariffUnit.Kind kind, long quanta) {
    TariffUnit unit = TariffUnit.ofLabel(label);
    assertEquals(label, unit.label());
    assertEquals(kind, unit.kind());
    assertEquals(quanta, unit.quanta());
  }

  @Test
  void labelOfNoUnit_ofLabel_throwsListingThem() {
    IllegalArgumentException thrown =
        assertThrows(IllegalArgumentException.class, () -> TariffUnit.ofLabel("mib"));
    String message = String.valueOf(thrown.getMessage());
    assertTrue(message.contains("byte, KiB, MiB, GiB, TiB, second, minute"), message);
  }
}
