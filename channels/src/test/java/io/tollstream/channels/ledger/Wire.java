package io.tollstream.channels.ledger;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A wire to a server on this machine that can be held and cut: what is held is not lost, what is
 * cut is, and neither end is told goodbye.
 */
public final class Wire implements AutoCloseable {
  private static final int BUFFER_BYTES = 64 * 1024;

  /** One direction of one connection holds what it has read until it may pass. */
  private static final class Gate {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition moved = lock.newCondition();
    private boolean open = true;
    private int waiting;

    void set(boolean opened) {
      lock.lock();
      try {
        open = opened;
        moved.signalAll();
      } finally {
        lock.unlock();
      }
    }

    void pass() throws InterruptedException {
      lock.lock();
      try {
        waiting++;
        moved.signalAll();
        while (!open) {
          moved.await();
        }
        waiting--;
      } finally {
        lock.unlock();
      }
    }

    void awaitHeld() throws InterruptedException {
      lock.lock();
      try {
        while (open || waiting == 0) {
          moved.await();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  private final ServerSocket listener;
  private final int target;
  private final Gate requests = new Gate();
  private final Gate answers = new Gate();
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private volatile boolean refusing;

  private Wire(ServerSocket listener, int target) {
    this.listener = listener;
    this.target = target;
  }

  /** A wire to a port of this machine. */
  public static Wire to(int port) {
    try {
      Wire wire = new Wire(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), port);
      start("wire", wire::accept);
      return wire;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void start(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }

  public int port() {
    return listener.getLocalPort();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        if (refusing) {
          reset(client);
        } else {
          connect(client);
        }
      } catch (IOException e) {
        // The target is down, or the wire is closed; the client has been told by then.
      }
    }
  }

  private void connect(Socket client) throws IOException {
    sockets.add(client);
    try {
      Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
      sockets.add(server);
      start("wire-requests", () -> copy(client, server, requests));
      start("wire-answers", () -> copy(server, client, answers));
    } catch (IOException e) {
      reset(client);
      throw e;
    }
  }

  private void copy(Socket from, Socket to, Gate gate) {
    byte[] buffer = new byte[BUFFER_BYTES];
    try {
      from.setTcpNoDelay(true);
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        gate.pass();
        out.write(buffer, 0, count);
      }
      gate.pass();
      hangUp(from);
      hangUp(to);
    } catch (IOException e) {
      reset(from);
      reset(to);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void hangUp(Socket socket) throws IOException {
    sockets.remove(socket);
    socket.close();
  }

  /** A reset, as of a machine that is gone: the other end reads nothing that was still to come. */
  private void reset(Socket socket) {
    sockets.remove(socket);
    try {
      socket.setSoLinger(true, 0);
      socket.close();
    } catch (IOException e) {
      // It is gone, as it shall be.
    }
  }

  /** Holds both directions; new connections hang too. */
  public void hold() {
    requests.set(false);
    answers.set(false);
  }

  /** Holds what the server says; what it is told still arrives. */
  public void holdAnswers() {
    answers.set(false);
  }

  /** Waits until an answer is held. */
  public void awaitHeldAnswer() throws InterruptedException {
    answers.awaitHeld();
  }

  /** Lets everything pass again, what was held first. */
  public void release() {
    refusing = false;
    requests.set(true);
    answers.set(true);
  }

  /** Cuts every connection; what was held is lost. New ones are refused until the release. */
  public void cut() {
    refusing = true;
    cutOnce();
  }

  /** Cuts every connection; new ones are let through. */
  public void cutOnce() {
    sockets.forEach(this::reset);
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    cut();
    release();
  }
}
