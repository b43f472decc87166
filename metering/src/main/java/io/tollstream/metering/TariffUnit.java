package io.tollstream.metering;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * What a tariff prices: a number of bytes or a length of time. Metering counts in <em>quanta</em>,
 * single bytes for the byte units and milliseconds for the time units, so that every unit of one
 * kind meters alike.
 */
public enum TariffUnit {
  BYTE("byte", Kind.BYTES, 1L),
  KIB("KiB", Kind.BYTES, 1L << 10),
  MIB("MiB", Kind.BYTES, 1L << 20),
  GIB("GiB", Kind.BYTES, 1L << 30),
  TIB("TiB", Kind.BYTES, 1L << 40),
  SECOND("second", Kind.TIME, 1_000L),
  MINUTE("minute", Kind.TIME, 60_000L);

  /** What one quantum of a unit is. */
  public enum Kind {
    /** Body bytes. */
    BYTES,
    /** Milliseconds during which body bytes flow. */
    TIME
  }

  private final String label;
  private final Kind kind;
  private final long quanta;

  TariffUnit(String label, Kind kind, long quanta) {
    this.label = label;
    this.kind = kind;
    this.quanta = quanta;
  }

  /** The name in configuration and on the wire ({@code unitType}). */
  public String label() {
    return label;
  }

  public Kind kind() {
    return kind;
  }

  /** Quanta in one unit: bytes, or milliseconds. */
  public long quanta() {
    return quanta;
  }

  /**
   * The unit of a label.
   *
   * @throws IllegalArgumentException if no unit has it; the message lists those there are
   */
  public static TariffUnit ofLabel(String label) {
    for (TariffUnit unit : values()) {
      if (unit.label.equals(label)) {
        return unit;
      }
    }
    throw new IllegalArgumentException(
        "no such unit; use one of "
            + Arrays.stream(values()).map(TariffUnit::label).collect(Collectors.joining(", ")));
  }
}
