package io.tollstream.deploy.crash;

import java.time.Duration;

/** Lets payers through one piece of work at a time, and can tell when nobody is inside. */
final class Turnstile {
  private boolean open;
  private boolean ended;
  private int inside;

  /** Waits until there is work; false when there will be no more. */
  synchronized boolean enter() throws InterruptedException {
    while (!open && !ended) {
      wait();
    }
    inside += ended ? 0 : 1;
    return !ended;
  }

  synchronized void leave() {
    inside--;
    notifyAll();
  }

  synchronized boolean isOpen() {
    return open;
  }

  synchronized void open() {
    open = true;
    notifyAll();
  }

  /** Lets nobody in any more, and waits until what is under way has come to its end. */
  synchronized void close(Duration patience) throws InterruptedException {
    open = false;
    long deadline = System.nanoTime() + patience.toNanos();
    while (inside > 0) {
      long leftMillis = (deadline - System.nanoTime()) / 1_000_000;
      if (leftMillis <= 0) {
        throw new AssertionError(inside + " payers still work after " + patience);
      }
      wait(leftMillis);
    }
  }

  synchronized void end() {
    open = false;
    ended = true;
    notifyAll();
  }
}
