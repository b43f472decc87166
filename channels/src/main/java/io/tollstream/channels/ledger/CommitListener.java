package io.tollstream.channels.ledger;

/** Hears of every group that was made durable, on the writer's thread: it must be quick. */
@FunctionalInterface
public interface CommitListener {
  /** Hears nothing. */
  CommitListener NONE = (transitions, nanos, waiting) -> {};

  /**
   * A group is durable.
   *
   * @param transitions how many were in the group
   * @param nanos from the group's first write to the end of its commit; next to nothing where it
   *     had nothing to write
   * @param waiting how many transitions have queued up meanwhile
   */
  void committed(int transitions, long nanos, int waiting);
}
