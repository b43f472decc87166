package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.channel;
import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.ledger.Payments.assertUnavailable;
import static io.tollstream.channels.ledger.Payments.await;
import static io.tollstream.channels.ledger.Payments.count;
import static io.tollstream.channels.ledger.Payments.pay;
import static io.tollstream.channels.ledger.Payments.settle;
import static io.tollstream.channels.ledger.Payments.use;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.NodeId;
import io.tollstream.channels.Notes;
import io.tollstream.channels.Samples;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Tab.Grant;
import io.tollstream.metering.Amount;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every {@link Ledger} owes its callers. An engine's test extends this. */
@Timeout(60)
abstract class LedgerContractTest {
  protected Ledger ledger;

  /** Opens the test's one store; at most one is open at a time. */
  protected abstract Ledger open();

  @BeforeEach
  void openLedger() {
    ledger = open();
  }

  @AfterEach
  void closeLedger() {
    ledger.close();
  }

  protected final void reopen() {
    ledger.close();
    ledger = open();
  }

  protected final void putAll(List<Tab> tabs) {
    List<CompletionStage<Tab>> stages = new ArrayList<>();
    tabs.forEach(tab -> stages.add(ledger.apply(tab.id(), before -> new Step<>(tab, tab))));
    stages.forEach(Payments::await);
  }

  protected final @Nullable Tab find(ChannelId id) {
    List<Tab> found = new ArrayList<>();
    await(
        ledger.apply(
            id,
            tab -> {
              if (tab != null) {
                found.add(tab);
              }
              return Step.keep(true);
            }));
    return found.isEmpty() ? null : found.get(0);
  }

  @Test
  void apply_unknownChannel_givesNull() {
    assertEquals(null, find(id(1)));
  }

  @Test
  void apply_newTab_isThereForTheNextOne() {
    await(ledger.apply(id(1), pay(1, 100)));
    assertEquals(Amount.of(100), requireNonNull(find(id(1))).authorized());
    assertEquals(null, find(id(2)));
  }

  @Test
  void apply_manyAtOnceOfOneChannel_eachSeesTheOneBefore() {
    List<CompletionStage<Long>> answers = new ArrayList<>();
    for (int i = 1; i <= 500; i++) {
      answers.add(ledger.apply(id(1), count()));
    }
    for (int i = 1; i <= 500; i++) {
      assertEquals(i, await(answers.get(i - 1)));
    }
  }

  @Test
  void apply_oneSubmitter_answersEachChannelInOrder() {
    Map<Integer, List<Integer>> order = new ConcurrentHashMap<>();
    IntStream.range(0, 7)
        .forEach(i -> order.put(i, Collections.synchronizedList(new ArrayList<>())));
    List<CompletableFuture<?>> stages = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      int number = i;
      var stage = ledger.apply(id(i % 7), pay(i % 7, i + 1));
      List<Integer> answered = requireNonNull(order.get(i % 7));
      stages.add(stage.thenAccept(any -> answered.add(number)).toCompletableFuture());
    }
    stages.forEach(Payments::await);
    order.forEach(
        (channel, answered) ->
            assertEquals(
                IntStream.range(0, 300).filter(i -> i % 7 == channel).boxed().toList(), answered));
  }

  @Test
  void apply_manyThreads_grantNoMoreThanIsAuthorized() throws InterruptedException {
    int channels = 4;
    for (int i = 0; i < channels; i++) {
      await(ledger.apply(id(i), pay(i, 1_000)));
    }
    Map<Integer, Long> granted = new ConcurrentHashMap<>();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 8; t++) {
      threads.add(new Thread(() -> reserveMuch(channels, granted)));
    }
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    for (int i = 0; i < channels; i++) {
      assertEquals(1_000, granted.get(i));
      assertEquals(Amount.of(1_000), requireNonNull(find(id(i))).spent());
    }
  }

  private void reserveMuch(int channels, Map<Integer, Long> granted) {
    for (int i = 0; i < 200; i++) {
      int channel = i % channels;
      long got = await(ledger.apply(id(channel), use(ledger.node(), 7)));
      granted.merge(channel, got, Long::sum);
    }
  }

  @Test
  void apply_keep_answersAfterTheWritesBeforeIt() {
    for (int i = 1; i <= 100; i++) {
      CompletableFuture<Tab> write = ledger.apply(id(1), pay(1, i)).toCompletableFuture();
      CompletionStage<Boolean> wasDone =
          ledger
              .<Amount>apply(id(1), tab -> Step.keep(requireNonNull(tab).authorized()))
              .thenApply(any -> write.isDone());
      assertTrue(await(wasDone));
    }
  }

  @Test
  void apply_transitionThrows_failsAloneAndChangesNothing() {
    await(ledger.apply(id(1), pay(1, 1)));
    IllegalStateException bug = new IllegalStateException("a bug");
    CompletionStage<Tab> before = ledger.apply(id(1), pay(1, 2));
    CompletionStage<Tab> thrown =
        ledger.apply(
            id(1),
            tab -> {
              throw bug;
            });
    CompletionStage<Tab> after = ledger.apply(id(1), pay(1, 3));
    CompletionStage<Tab> other = ledger.apply(id(2), pay(2, 9));

    assertSame(bug, assertThrows(CompletionException.class, () -> await(thrown)).getCause());
    assertEquals(Amount.of(2), await(before).authorized());
    assertEquals(Amount.of(3), await(after).authorized());
    assertEquals(Amount.of(9), await(other).authorized());
    assertEquals(3, requireNonNull(find(id(1))).vouchers().size());
  }

  @Test
  void apply_tabOfAnotherChannel_isRefused() {
    Tab foreign = Tab.of(channel(2, 5));
    CompletionStage<Tab> stage = ledger.apply(id(1), tab -> new Step<>(foreign, foreign));
    assertThrows(CompletionException.class, () -> await(stage));
    assertEquals(null, find(id(1)));
    assertEquals(null, find(id(2)));
  }

  @Test
  void reopen_tabsOfEveryShape_areEqual() {
    NodeId node = ledger.node();
    RandomTabs random = new RandomTabs(42, node);
    List<Tab> tabs = IntStream.range(0, 150).mapToObj(i -> random.tab(id(i))).toList();
    putAll(tabs);
    assertEquals(tabs, await(ledger.tabs(null, tabs.size())));
    reopen();
    List<Tab> recovered = tabs.stream().map(tab -> tab.recover(node).answer()).toList();
    recovered.forEach(tab -> assertEquals(tab, find(tab.id())));
    assertEquals(recovered, await(ledger.tabs(null, tabs.size())));
  }

  @Test
  void reopen_tabsReplacedAtRandom_areTheLastOnes() {
    NodeId node = ledger.node();
    RandomTabs tabs = new RandomTabs(43, node);
    Random random = new Random(44);
    Map<ChannelId, Tab> last = new HashMap<>();
    List<CompletionStage<Tab>> stages = new ArrayList<>();
    for (int i = 0; i < 600; i++) {
      Tab tab = edited(tabs, last, id(random.nextInt(20)), random);
      last.put(tab.id(), tab);
      stages.add(ledger.apply(tab.id(), before -> new Step<>(tab, tab)));
    }
    stages.forEach(Payments::await);
    List<Tab> stored = await(ledger.tabs(null, 20));
    assertEquals(Set.copyOf(last.values()), Set.copyOf(stored));
    reopen();
    last.values().forEach(tab -> assertEquals(tab.recover(node).answer(), find(tab.id())));
  }

  /** Another tab of the channel that shares some of its parts with the last one. */
  private static Tab edited(
      RandomTabs tabs, Map<ChannelId, Tab> last, ChannelId id, Random random) {
    Tab fresh = tabs.tab(id);
    Tab old = last.get(id);
    if (old == null) {
      return fresh;
    }
    Tab billed = random.nextBoolean() ? old : fresh;
    return new Tab(
        old.channel(),
        old.phase(),
        random.nextBoolean() ? old.broughtForward() : fresh.broughtForward(),
        random.nextBoolean() ? old.vouchers() : fresh.vouchers(),
        billed.bill(),
        billed.reservations(),
        random.nextBoolean() ? old.seenAt() : fresh.seenAt(),
        random.nextBoolean() ? old.owedSince() : fresh.owedSince());
  }

  @Test
  void reserve_askedTwice_isChargedOnce() {
    StreamId stream = new StreamId(ledger.node(), 1);
    await(ledger.apply(id(1), pay(1, 100)));
    for (int i = 0; i < 2; i++) {
      Grant grant = await(ledger.apply(id(1), Payments.reserve(stream, 0, 60, 0)));
      assertEquals(60, grant.granted());
      assertEquals(40, grant.headroom());
    }
    for (int i = 0; i < 2; i++) {
      assertEquals(Amount.of(45), await(ledger.apply(id(1), settle(stream, 45))).spent());
    }
    assertEquals(Amount.of(45), requireNonNull(find(id(1))).spent());
  }

  @Test
  void close_streamUnderWay_leavesItsReservationCharged() {
    await(ledger.apply(id(1), pay(1, 100)));
    NodeId before = ledger.node();
    await(ledger.apply(id(1), Payments.reserve(new StreamId(before, 1), 0, 60, 0)));
    reopen();
    Tab tab = requireNonNull(find(id(1)));
    assertEquals(Amount.of(60), tab.spent());
    assertEquals(List.of(), tab.reservations());
    assertNotEquals(before, ledger.node());
  }

  @Test
  void tabs_byThePage_comeOnceAndInOrder() {
    putAll(IntStream.of(5, 3, 9, 1, 7).mapToObj(i -> Tab.of(channel(i, i))).toList());
    List<Tab> first = await(ledger.tabs(null, 2));
    List<Tab> second = await(ledger.tabs(first.get(1).id(), 2));
    List<Tab> third = await(ledger.tabs(second.get(1).id(), 2));
    assertEquals(List.of(id(1), id(3)), first.stream().map(Tab::id).toList());
    assertEquals(List.of(id(5), id(7)), second.stream().map(Tab::id).toList());
    assertEquals(List.of(id(9)), third.stream().map(Tab::id).toList());
    assertEquals(List.of(), await(ledger.tabs(id(9), 2)));
  }

  @Test
  void tabs_noRoom_throws() {
    assertThrows(IllegalArgumentException.class, () -> ledger.tabs(null, 0));
  }

  @Test
  void swap_noteAsExpected_isChangedAndOutlastsTheLedger() {
    assertTrue(await(ledger.notes().swap("a/1", null, "one")));
    assertTrue(await(ledger.notes().swap("a/2", null, "two")));
    assertTrue(await(ledger.notes().swap("a/1", "one", "eins")));
    assertTrue(await(ledger.notes().swap("a/2", "two", null)));
    reopen();
    assertEquals(Map.of("a/1", "eins"), await(ledger.notes().list("")));
  }

  @Test
  void swap_noteNotAsExpected_leavesItAlone() {
    assertFalse(await(ledger.notes().swap("a", "one", "two")));
    assertFalse(await(ledger.notes().swap("a", "one", null)));
    assertTrue(await(ledger.notes().swap("a", null, "one")));
    assertFalse(await(ledger.notes().swap("a", null, "two")));
    assertFalse(await(ledger.notes().swap("a", "two", "three")));
    assertFalse(await(ledger.notes().swap("a", "two", null)));
    assertEquals(Map.of("a", "one"), await(ledger.notes().list("a")));
  }

  @Test
  void swap_manyAtOnceOfOneNote_succeedsOnce() {
    List<CompletionStage<Boolean>> swaps = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      swaps.add(ledger.notes().swap("a", null, "value " + i));
    }
    assertEquals(1, swaps.stream().filter(Payments::await).count());
  }

  @Test
  void swap_widestNote_isKept() {
    String name = "~".repeat(Notes.MAX_NAME_LENGTH);
    String value = "\u00e4'\"\\\n".repeat(Notes.MAX_VALUE_LENGTH / 5);
    assertTrue(await(ledger.notes().swap(name, null, value)));
    assertEquals(Map.of(name, value), await(ledger.notes().list("~")));
  }

  @Test
  void swap_whatNoNoteCanBe_throws() {
    Notes notes = ledger.notes();
    String wide = "x".repeat(Notes.MAX_VALUE_LENGTH + 1);
    assertThrows(IllegalArgumentException.class, () -> notes.swap("a", null, wide));
    assertThrows(IllegalArgumentException.class, () -> notes.swap("a", null, null));
    assertThrows(IllegalArgumentException.class, () -> notes.swap("", null, "x"));
    assertThrows(IllegalArgumentException.class, () -> notes.swap("a b", null, "x"));
    assertThrows(IllegalArgumentException.class, () -> notes.swap("a", null, "\0"));
  }

  @Test
  void list_prefix_givesTheFirstOfThoseInOrder() {
    List<CompletionStage<Boolean>> swaps = new ArrayList<>();
    for (int i = Notes.MAX_LISTED; i >= 0; i--) {
      swaps.add(ledger.notes().swap("a/%05d".formatted(i), null, "x"));
    }
    swaps.add(ledger.notes().swap("A/1", null, "x"));
    swaps.add(ledger.notes().swap("a%1", null, "x"));
    assertTrue(swaps.stream().filter(Payments::await).count() > Notes.MAX_LISTED);
    SortedMap<String, String> listed = await(ledger.notes().list("a/"));
    assertEquals(Notes.MAX_LISTED, listed.size());
    assertEquals("a/00000", listed.firstKey());
    assertEquals("a/00999", listed.lastKey());
    assertEquals(Map.of("a%1", "x"), await(ledger.notes().list("a%")));
    assertEquals(Map.of("A/1", "x"), await(ledger.notes().list("A")));
  }

  @Test
  void close_whileBusy_keepsWhatItAnsweredAndAnswersAll() {
    List<CompletionStage<Tab>> stages = new ArrayList<>();
    for (int i = 1; i <= 2_000; i++) {
      stages.add(ledger.apply(id(i % 50), pay(i % 50, i)));
    }
    reopen();
    assertTrue(stages.stream().allMatch(stage -> stage.toCompletableFuture().isDone()));
    for (CompletionStage<Tab> stage : stages) {
      Tab answered = await(stage);
      Amount kept = requireNonNull(find(answered.id())).authorized();
      assertTrue(kept.compareTo(answered.authorized()) >= 0);
    }
  }

  @Test
  void close_againstSubmitters_leavesNoStageHanging() throws InterruptedException {
    List<CompletionStage<Tab>> stages = Collections.synchronizedList(new ArrayList<>());
    Thread submitter =
        new Thread(
            () ->
                IntStream.rangeClosed(1, 20_000)
                    .forEach(i -> stages.add(ledger.apply(id(i % 9), pay(i % 9, i)))));
    submitter.start();
    while (stages.size() < 1_000) {
      Thread.onSpinWait();
    }
    ledger.close();
    submitter.join();
    for (CompletionStage<Tab> stage : stages) {
      boolean settled = await(stage.handle(Payments::isTabOrUnavailable));
      assertTrue(settled);
    }
  }

  @Test
  void close_twice_isFineAndRefusesWhatComes() {
    ledger.close();
    ledger.close();
    assertUnavailable(ledger.apply(Samples.id(1), pay(1, 1)));
    assertUnavailable(ledger.tabs(null, 1));
    assertUnavailable(ledger.notes().swap("a", null, "b"));
    assertUnavailable(ledger.notes().list("a"));
  }
}
