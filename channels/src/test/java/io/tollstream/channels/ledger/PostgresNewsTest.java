package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.PER_BYTE;
import static io.tollstream.channels.Samples.ask;
import static io.tollstream.channels.Samples.channel;
import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.Samples.ok;
import static io.tollstream.channels.Samples.stream;
import static io.tollstream.channels.Samples.voucher;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.NodeId;
import io.tollstream.channels.Samples;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.metering.Amount;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PostgresNewsTest {
  private static final NodeId OWN = new NodeId("0x" + "0e".repeat(16));
  private static final NodeId OTHER = Samples.NODE;

  private final PostgresNews news = new PostgresNews("tollstream_ledger", "me");
  private final Heard heard = new Heard();

  private static Tab paid(Tab tab, long cumulative) {
    return ok(tab.accept(voucher(1, cumulative), Amount.ZERO).answer()).tab();
  }

  private static Tab reserved(Tab tab, StreamId stream, long quanta) {
    return ok(tab.reserve(ask(stream, PER_BYTE, quanta)).answer()).tab();
  }

  private static final Tab EMPTY = Tab.of(channel(1, 1_000));
  private static final Tab PAID = paid(EMPTY, 100);
  private static final Tab SHARED = reserved(PAID, stream(1), 40);

  private static boolean isNews(Tab before, Tab after) {
    return PostgresNews.isOf(new TabChange(before, 7, after), OWN);
  }

  @Test
  void change_ofATabNobodyElseStreamsOn_isNoNews() {
    assertFalse(PostgresNews.isOf(new TabChange(null, -1, PAID), OWN));
    assertFalse(isNews(PAID, paid(PAID, 200)));
    Tab mine = reserved(PAID, new StreamId(OWN, 1), 40);
    assertFalse(isNews(mine, paid(mine, 200)));
    assertFalse(isNews(mine, mine.settle(new StreamId(OWN, 1), 3).answer()));
  }

  @Test
  void change_thatLetsOthersReserveMore_isNews() {
    assertTrue(isNews(SHARED, paid(SHARED, 200)));
    Tab both = reserved(SHARED, new StreamId(OWN, 1), 40);
    assertTrue(isNews(both, both.settle(new StreamId(OWN, 1), 3).answer()));
  }

  @Test
  void change_thatEndsTheStreamsOfOthers_isNews() {
    assertTrue(isNews(SHARED, SHARED.recover(OTHER).answer()));
    assertTrue(isNews(SHARED, ok(SHARED.beginClose(null).answer())));
    assertTrue(
        isNews(
            SHARED, SHARED.observe(channel(1, Amount.of(1_000), Amount.ZERO, 5, false)).answer()));
  }

  @Test
  void change_thatTakesCreditAway_isNoNews() {
    assertFalse(isNews(SHARED, reserved(SHARED, new StreamId(OWN, 1), 40)));
    Tab both = reserved(SHARED, new StreamId(OWN, 1), 40);
    assertFalse(isNews(both, both.settle(new StreamId(OWN, 1), 40).answer()));
  }

  @Test
  void hear_ofOthers_isPassedOn() {
    news.hear("you changed " + id(1) + "," + id(2), heard);
    news.hear("you demanded " + id(3) + "," + Amount.MAX, heard);
    news.hear("you missed ", heard);
    assertEquals("[" + id(1) + ", " + id(2) + "]", heard.changed.toString());
    assertEquals(Map.entry(id(3), Amount.MAX), heard.demanded.peek());
    assertEquals(1, heard.missed.size());
  }

  @Test
  void hear_ofItself_isIgnored() {
    news.hear("me changed " + id(1), heard);
    news.hear("me missed ", heard);
    assertTrue(heard.changed.isEmpty() && heard.missed.isEmpty());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "you",
        "you changed",
        "you changed ",
        "you changed 0x12",
        "you demanded 0x12,5",
        "you demanded 0x0000000000000000000000000000000000000000000000000000000000000001",
        "you demanded 0x0000000000000000000000000000000000000000000000000000000000000001,-1",
        "you demanded 0x0000000000000000000000000000000000000000000000000000000000000001,x",
        "you sang la la la"
      })
  void hear_nonsense_isIgnored(String payload) {
    news.hear(payload, heard);
    assertTrue(heard.changed.isEmpty() && heard.demanded.isEmpty() && heard.missed.isEmpty());
  }
}
