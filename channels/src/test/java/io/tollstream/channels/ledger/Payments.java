package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.PER_BYTE;
import static io.tollstream.channels.Samples.ask;
import static io.tollstream.channels.Samples.channel;
import static io.tollstream.channels.Samples.fresh;
import static io.tollstream.channels.Samples.ok;
import static io.tollstream.channels.Samples.voucher;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.Ledger.Transition;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.NodeId;
import io.tollstream.channels.Reservation.Ask;
import io.tollstream.channels.Result;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.channels.Tab.Grant;
import io.tollstream.metering.Amount;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** What payers and streams do to a ledger, and how a test waits for it. */
final class Payments {
  private static final long DEPOSIT = 1_000_000;

  private Payments() {}

  static <R> R await(CompletionStage<R> stage) {
    return stage.toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
  }

  static void assertUnavailable(CompletionStage<?> stage) {
    Throwable failure = assertThrows(CompletionException.class, () -> await(stage)).getCause();
    assertInstanceOf(LedgerUnavailable.class, failure);
  }

  static Transition<Tab> pay(int number, long cumulative) {
    return tab -> {
      Tab now = tab == null ? Tab.of(channel(number, DEPOSIT)) : tab;
      var step = now.accept(voucher(number, cumulative), Amount.ZERO);
      Tab next = ok(step.answer()).tab();
      return new Step<>(next, next);
    };
  }

  /** A whole stream: reserves what there is, up to this much, and uses all of it. */
  static Transition<Long> use(NodeId node, long quanta) {
    return tab -> {
      StreamId stream = fresh(requireNonNull(tab), node);
      Grant grant = ok(tab.reserve(ask(stream, PER_BYTE, quanta)).answer());
      return new Step<>(grant.tab().settle(stream, grant.granted()).answer(), grant.granted());
    };
  }

  /** What a stream asks for by its totals. */
  static Transition<Grant> reserve(StreamId stream, long granted, long wanted, long used) {
    return tab -> {
      Step<Result<Grant>> step =
          requireNonNull(tab)
              .reserve(new Ask(stream, PER_BYTE, granted, wanted, used, Amount.ZERO));
      return new Step<>(step.tab(), ok(step.answer()));
    };
  }

  static Transition<Tab> settle(StreamId stream, long used) {
    return tab -> requireNonNull(tab).settle(stream, used);
  }

  /** Accepts a voucher of one more and answers with what is authorized then. */
  static Transition<Long> count() {
    return count(1);
  }

  /** As {@link #count()}, on the tab of any channel. */
  static Transition<Long> count(int number) {
    return tab -> {
      Tab now = tab == null ? Tab.of(channel(number, DEPOSIT)) : tab;
      long next = now.authorized().baseUnits().longValueExact() + 1;
      return new Step<>(now.accept(voucher(number, next), Amount.ZERO).tab(), next);
    };
  }

  /** Looks until it is so; a test fails where that takes half a minute. */
  static void until(BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("it does not come to that");
      }
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  static boolean isTabOrUnavailable(@Nullable Tab tab, @Nullable Throwable failure) {
    return tab != null || failure instanceof LedgerUnavailable;
  }
}
