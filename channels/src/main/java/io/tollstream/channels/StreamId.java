package io.tollstream.channels;

import java.util.Comparator;

/**
 * The name of a stream, unlike any other's on the ledger.
 *
 * @param node whose stream it is
 * @param number the how-manyth of that node, from 1
 */
public record StreamId(NodeId node, long number) implements Comparable<StreamId> {
  private static final Comparator<StreamId> ORDER =
      Comparator.comparing(StreamId::node).thenComparingLong(StreamId::number);

  /**
   * A stream's name.
   *
   * @throws IllegalArgumentException if number is below 1
   */
  public StreamId {
    if (number < 1) {
      throw new IllegalArgumentException("streams are numbered from 1: " + number);
    }
  }

  @Override
  public int compareTo(StreamId other) {
    return ORDER.compare(this, other);
  }
}
