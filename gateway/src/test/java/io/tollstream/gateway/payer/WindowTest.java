package io.tollstream.gateway.payer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class WindowTest {
  private static final long CAP = 32 << 20;
  private final Window window = new Window(256 << 10, 0, CAP);

  @Test
  void quanta_atTheStart_isTwoChunksPerStream() {
    assertEquals(512 << 10, window.quanta(1));
    assertEquals(4 << 20, window.quanta(8));
    assertEquals(512 << 10, window.quanta(0));
  }

  @Test
  void quanta_hugeChunk_isTheCap() {
    assertEquals(1_000, new Window(Long.MAX_VALUE, 0, 1_000).quanta(3));
  }

  @Test
  void limit_beforeTheFirstChunk_isTheStart() {
    window.received((256 << 10) - 1, 0);
    assertEquals(512 << 10, window.limit(1));
    window.received(1, 0);
    assertEquals(CAP, window.limit(1));
  }

  @Test
  void limit_channelThatHasDelivered_isTheCapAtOnce() {
    assertEquals(CAP, new Window(256 << 10, 1 << 20, CAP).limit(1));
  }

  @Test
  void quanta_fastStream_needsAtMostTenVouchersASecond() {
    long perSecond = 40 << 20;
    for (long now = 0; now <= 2_000; now += 10) {
      window.received(perSecond / 100, now);
    }
    assertTrue(window.quanta(1) / 2 >= perSecond / 10, window.quanta(1) + " is too narrow");
    assertTrue(window.quanta(1) <= CAP);
  }

  @Test
  void quanta_distantGateway_coversAVouchersWay() {
    window.acknowledged(1_000);
    for (long now = 0; now <= 1_000; now += 10) {
      window.received(30_000, now);
    }
    assertTrue(window.quanta(1) / 2 >= 3_000_000, window.quanta(1) + " is too narrow");
  }

  @Test
  void quanta_afterASlowdown_shrinks() {
    for (long now = 0; now <= 1_000; now += 10) {
      window.received(400_000, now);
    }
    long fast = window.quanta(1);
    for (long now = 1_010; now <= 60_000; now += 1_000) {
      window.received(10, now);
    }
    assertTrue(window.quanta(1) < fast);
  }
}
