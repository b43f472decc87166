package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.Samples.ok;
import static io.tollstream.channels.ledger.Payments.assertUnavailable;
import static io.tollstream.channels.ledger.Payments.await;
import static io.tollstream.channels.ledger.Payments.pay;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.Samples;
import io.tollstream.channels.Tab;
import io.tollstream.channels.ledger.SqliteLedger.Settings;
import io.tollstream.metering.Amount;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class GroupCommitTest {
  private static final int EVER = 1_000_000;

  private final HeldStore store = new HeldStore();
  private final List<Integer> heard = new ArrayList<>();
  private final GroupCommit commits =
      new GroupCommit(
          store, new Settings(10, 4, 2), (transitions, nanos, waiting) -> heard.add(transitions));

  @AfterEach
  void close() {
    store.release(EVER);
    commits.close();
  }

  private CompletionStage<Tab> submit(int number, long cumulative) {
    return commits.submit(id(number), pay(number, cumulative));
  }

  /** A write that the disk does not finish; what comes after it queues up. */
  private CompletionStage<Tab> hold() {
    CompletionStage<Tab> held = submit(99, 1);
    store.writing.acquireUninterruptibly();
    return held;
  }

  @Test
  void submit_whileAWriteIsHeld_isWrittenTogetherAfterIt() {
    CompletionStage<Tab> held = hold();
    List<CompletionStage<Tab>> waiting =
        List.of(submit(1, 1), submit(1, 2), submit(2, 1), submit(3, 1), submit(3, 2));
    store.release(1);
    await(held);
    assertFalse(waiting.get(0).toCompletableFuture().isDone());
    store.release(EVER);
    waiting.forEach(Payments::await);
    close();
    assertEquals(List.of(1, 3, 1), store.writes);
    assertEquals(List.of(1, 4, 1), heard);
  }

  @Test
  void submit_nothingChanged_isNotWritten() {
    store.release(1);
    await(submit(1, 5));
    await(submit(1, 5));
    await(commits.submit(id(1), tab -> new Step<>(tab, 0)));
    assertEquals(List.of(1), store.writes);
  }

  @Test
  void submit_queueFull_failsAtOnceSayingSo() {
    CompletionStage<Tab> held = hold();
    List<CompletionStage<Tab>> waiting = new ArrayList<>();
    for (int i = 1; i <= 10; i++) {
      waiting.add(submit(1, i));
    }
    CompletionStage<Tab> tooMuch = submit(1, 11);
    assertUnavailable(tooMuch);
    Throwable failure = assertThrows(CompletionException.class, () -> await(tooMuch));
    assertTrue(failure.toString().contains("the ledger is busy: 10 transitions wait"));
    store.release(EVER);
    await(held);
    waiting.forEach(Payments::await);
  }

  @Test
  void submit_writeFails_failsItsGroupAndGoesOnFromTheStore() {
    store.release(1);
    await(submit(1, 1));
    store.fault = HeldStore.Fault.BEFORE;
    store.release(1);
    assertUnavailable(submit(1, 2));
    store.release(EVER);
    Tab tab = await(submit(1, 3));
    assertEquals(List.of(Amount.of(1), Amount.of(3)), amounts(tab));
  }

  @Test
  void submit_commitOutcomeUnknown_failsAndReadsAgain() {
    store.release(EVER);
    await(submit(1, 1));
    store.fault = HeldStore.Fault.AFTER;
    assertUnavailable(submit(1, 2));
    Tab tab = await(submit(1, 3));
    assertEquals(List.of(Amount.of(1), Amount.of(2), Amount.of(3)), amounts(tab));
  }

  private static List<Amount> amounts(Tab tab) {
    return tab.vouchers().stream().map(voucher -> voucher.cumulative()).toList();
  }

  @Test
  void submit_schemaRefusesOne_othersOfTheGroupAreWritten() {
    store.refused.add(id(2));
    CompletionStage<Tab> held = hold();
    List<CompletionStage<Tab>> group = List.of(submit(1, 1), submit(2, 1), submit(3, 1));
    store.release(EVER);
    await(held);
    await(group.get(0));
    assertUnavailable(group.get(1));
    await(group.get(2));
    assertEquals(Amount.of(1), await(submit(1, 1)).authorized());
  }

  @Test
  void submit_oneTabUnreadable_othersOfTheGroupAreWritten() {
    store.unreadable.add(id(2));
    CompletionStage<Tab> held = hold();
    List<CompletionStage<Tab>> group = List.of(submit(1, 1), submit(2, 1), submit(3, 1));
    store.release(EVER);
    await(held);
    await(group.get(0));
    assertUnavailable(group.get(1));
    await(group.get(2));
  }

  @Test
  void submit_tabChangedElsewhereMeanwhile_runsAgainOnWhatIsThereNow() {
    store.release(1);
    Tab first = await(submit(1, 1));
    CompletionStage<Tab> held = hold();
    CompletionStage<Tab> overtaken = submit(1, 2);
    CompletionStage<Tab> sameChannel = submit(1, 4);
    CompletionStage<Tab> other = submit(2, 1);
    store.changeElsewhere(ok(first.accept(Samples.voucher(1, 3), Amount.ZERO).answer()).tab());
    store.release(EVER);
    await(held);
    await(other);
    assertEquals(List.of(Amount.of(1), Amount.of(3)), amounts(await(overtaken)));
    assertEquals(List.of(Amount.of(1), Amount.of(3), Amount.of(4)), amounts(await(sameChannel)));
  }

  @Test
  void submit_readOfATabChangedElsewhere_answersWithWhatIsThereNow() {
    store.release(EVER);
    Tab first = await(submit(1, 1));
    store.changeElsewhere(ok(first.accept(Samples.voucher(1, 7), Amount.ZERO).answer()).tab());
    Amount read = await(commits.submit(id(1), tab -> Step.keep(requireNonNull(tab).authorized())));
    assertEquals(Amount.of(7), read);
  }

  @Test
  void submit_tabOpenedElsewhereMeanwhile_isReadAgain() {
    CompletionStage<Tab> held = hold();
    CompletionStage<Tab> opening = submit(1, 5);
    store.changeElsewhere(pay(1, 3).apply(null).answer());
    store.release(EVER);
    await(held);
    assertEquals(List.of(Amount.of(3), Amount.of(5)), amounts(await(opening)));
  }

  @Test
  void submit_moreTabsThanTheCacheHolds_readsThemAgain() {
    store.release(EVER);
    for (int round = 1; round <= 2; round++) {
      for (int i = 1; i <= 3; i++) {
        await(submit(i, round));
      }
    }
    assertEquals(6, store.loads);
    await(submit(3, 9));
    assertEquals(6, store.loads);
  }

  @Test
  void submit_listenerThrows_goesOn() {
    GroupCommit deaf =
        new GroupCommit(
            store,
            Settings.DEFAULT,
            (transitions, nanos, waiting) -> {
              throw new IllegalStateException("deaf");
            });
    store.release(EVER);
    await(deaf.submit(id(1), pay(1, 1)));
    await(deaf.submit(id(1), pay(1, 2)));
    deaf.close();
  }

  @Test
  void aside_whileAWriteIsHeld_waitsForItAndFailsAloneOrWhenTooMany() {
    CompletionStage<Tab> held = hold();
    List<CompletionStage<Boolean>> asides = new ArrayList<>();
    for (int i = 0; i < GroupCommit.MAX_ASIDES; i++) {
      String name = "n" + i;
      asides.add(commits.aside(held(name)));
    }
    assertUnavailable(commits.aside(held("one too many")));
    assertFalse(asides.get(0).toCompletableFuture().isDone());
    store.release(1);
    await(held);
    assertUnavailable(asides.get(3));
    asides.remove(3);
    asides.forEach(each -> assertTrue(await(each)));
  }

  private static Function<TabStore, Boolean> held(String name) {
    return store -> {
      if (name.equals("n3")) {
        throw new LedgerUnavailable("no space");
      }
      return store.swap(name, null, "x");
    };
  }

  @Test
  void close_onTheWritersThread_isRefused() {
    var closing = hold().thenAccept(tab -> commits.close()).toCompletableFuture();
    store.release(EVER);
    assertThrows(CompletionException.class, closing::join);
  }
}
