package io.tollstream.deploy.crash;

import io.tollstream.channels.Voucher;
import io.tollstream.gateway.wire.Receipt;
import io.tollstream.metering.Amount;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.Objects;

/** One GET of metered bytes, paid for while it runs and counted to the byte. */
final class Stream {
  /** How a body is read. */
  enum Pace {
    FULL,
    /** With pauses, so that the gateway has to wait for its client. */
    SLOW,
    /** Up to some point, and then no further. */
    BROKEN_OFF
  }

  /** What a payer keeps ahead of one stream: a window of the gateway's largest chunks. */
  static final int WINDOW_BYTES = 4 * Market.CHUNK_BYTES;

  /** What a gateway may have taken from its origin and not handed to its kernel: queue and read. */
  private static final int QUEUE_BYTES = 256 * 1024;

  private static final int RESERVED_BYTES = 2 * Market.CHUNK_BYTES;
  private static final int BUFFER_BYTES = 64 * 1024;
  private static final int SIP_BYTES = 8 * 1024;
  private static final int SIP_MILLIS = 2;
  private static final int PATIENCE_MILLIS = 250;
  private static final int MAX_STANDSTILLS = 100;

  private final Account account;
  private final Piece piece;
  private final Pace pace;
  private final Purse purse;
  private final Load load;
  private final Incidents incidents;
  private final int outagesBefore;
  private int got;
  private int standstills;

  Stream(Account account, Piece piece, Pace pace, Purse purse, Load load) {
    this.account = account;
    this.piece = piece;
    this.pace = pace;
    this.purse = purse;
    this.load = load;
    this.incidents = load.incidents();
    this.outagesBefore = incidents.outages();
  }

  /**
   * Reads it from a gateway, on a connection of its own.
   *
   * @param voucher that comes with the request, in {@code authorization}
   */
  void run(GatewayProcess gateway, Voucher voucher, String authorization)
      throws InterruptedException {
    int life = gateway.life();
    incidents.streamsUnderWay.incrementAndGet();
    try (Line line = new Line(gateway.port())) {
      ask(line, authorization);
      int status = line.head("GET");
      if (status == piece.status()) {
        account.acknowledged(voucher, receipt(line), Amount.ZERO);
        body(line);
      } else if (!account.isLeaving()) {
        incidents.refused(gateway, life, piece + " was answered " + status + "; " + account);
      }
    } catch (ConnectException nobody) {
      incidents.knocked(gateway, life, nobody);
    } catch (IOException e) {
      broke(gateway, life, e);
    } finally {
      incidents.streamsUnderWay.decrementAndGet();
    }
  }

  /** A kill leaves what the kernel had to be read; whoever resets a connection leaves nothing. */
  private void broke(GatewayProcess gateway, int life, IOException how) {
    boolean killed = how instanceof EOFException;
    lost(killed ? RESERVED_BYTES + QUEUE_BYTES : RESERVED_BYTES + piece.bytes() - got);
    incidents.streamsKilled.increment();
    if (!account.isLeaving()) {
      incidents.broke(gateway, life, how);
    }
  }

  /** The length of a body bounds what it can cost, where the gateway knows it. */
  private void lost(int atMost) {
    boolean bounded = piece.ware().isLengthTold();
    account.mayHaveLost(piece.ware(), bounded ? Math.min(piece.bytes() - got, atMost) : atMost);
  }

  private void ask(Line line, String authorization) throws IOException, InterruptedException {
    line.send("GET", piece.path(), List.of("Authorization: " + authorization, piece.field()));
    while (!line.isAnswered(PATIENCE_MILLIS)) {
      standStill();
    }
  }

  private void body(Line line) throws IOException, InterruptedException {
    byte[] buffer = new byte[pace == Pace.SLOW ? SIP_BYTES : BUFFER_BYTES];
    int stop = pace == Pace.BROKEN_OFF ? load.random().nextInt(piece.bytes()) : Integer.MAX_VALUE;
    line.setPatienceMillis(PATIENCE_MILLIS);
    while (got < stop) {
      int count;
      try {
        count = line.read(buffer);
      } catch (SocketTimeoutException nothing) {
        standStill();
        continue;
      }
      if (count < 0) {
        ended(line);
        return;
      }
      arrived(buffer, count);
    }
    breakOff(line);
  }

  private void arrived(byte[] buffer, int count) throws InterruptedException {
    if (!piece.has(got, buffer, count)) {
      throw new AssertionError(piece + ": other bytes than the origin's at " + got);
    }
    got += count;
    standstills = 0;
    incidents.bytes.add(count);
    account.arrived(piece.ware(), count);
    purse.ahead(piece.ware());
    if (pace == Pace.SLOW && load.isOn()) {
      Thread.sleep(SIP_MILLIS);
    }
  }

  private void ended(Line line) {
    if (got != piece.bytes()) {
      throw new AssertionError(piece + " ended after " + got + " bytes");
    }
    if (!piece.ware().isLengthTold()) {
      Receipt last = receipt(line);
      account.told(last);
      if (!Long.valueOf(got).equals(last.units())) {
        throw new AssertionError(last.units() + " units charged for " + piece);
      }
    }
    incidents.streams.increment();
    if (incidents.outages() > outagesBefore) {
      incidents.streamsSurviving.increment();
    }
  }

  private void breakOff(Line line) throws IOException {
    lost(RESERVED_BYTES + piece.bytes() - got);
    incidents.brokenOff.increment();
    if (load.random().nextBoolean()) {
      line.reset();
    }
  }

  private static Receipt receipt(Line line) {
    return Receipt.parse(Objects.requireNonNull(line.field(Receipt.HEADER), "no receipt"));
  }

  private void standStill() throws InterruptedException {
    if (++standstills > MAX_STANDSTILLS) {
      throw new AssertionError(piece + " stands still at " + got + "; " + account);
    }
    purse.more(piece.ware());
  }
}
