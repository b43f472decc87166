package io.tollstream.deploy.crash;

import java.util.Random;

/**
 * Part of what is for sale, as one request asks for it.
 *
 * @param from the offset of its first byte; 0 for a ware of no told length
 */
record Piece(Ware ware, int from, int bytes) {
  private static final int LEAST_BITS = 10;
  private static final int MOST_BITS = 22;

  /** Some piece of a ware, of any order of size. */
  static Piece any(Ware ware, Random random) {
    if (!ware.isLengthTold()) {
      int which = random.nextInt(Origin.FLOW_BYTES.size());
      return new Piece(ware, 0, Origin.FLOW_BYTES.get(which));
    }
    int bytes = 1 + random.nextInt(1 << random.nextInt(LEAST_BITS, MOST_BITS));
    return new Piece(ware, random.nextInt(Origin.BODY_BYTES - bytes), bytes);
  }

  String path() {
    return ware.path() + "/" + (ware.isLengthTold() ? "body" : bytes);
  }

  /** The header that asks for it, or for all that can be known of what has no told length. */
  String field() {
    return ware.isLengthTold() ? "Range: bytes=" + from + "-" + (from + bytes - 1) : "TE: trailers";
  }

  int status() {
    return ware.isLengthTold() ? 206 : 200;
  }

  /** Whether these are its bytes from an offset within it. */
  boolean has(int at, byte[] buffer, int count) {
    return at + count <= bytes && Origin.isBody(from + at, buffer, count);
  }
}
