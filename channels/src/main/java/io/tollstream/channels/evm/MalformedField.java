package io.tollstream.channels.evm;

import io.tollstream.channels.Refusal;

/** Ends the parsing of a payload; {@link PayloadParser} turns it into the refusal it carries. */
final class MalformedField extends RuntimeException {
  private final Refusal.Malformed refusal;

  MalformedField(String field, String expected) {
    super(field + ": expected " + expected, null, false, false);
    this.refusal = new Refusal.Malformed(field, expected);
  }

  Refusal.Malformed refusal() {
    return refusal;
  }
}
