package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.PER_BYTE;
import static io.tollstream.channels.Samples.channel;
import static io.tollstream.channels.Samples.ok;
import static io.tollstream.channels.Samples.voucher;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.Ledger.Transition;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.Result;
import io.tollstream.channels.Tab;
import io.tollstream.metering.Amount;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
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

  static Transition<Long> reserve(long quanta) {
    return tab -> {
      Step<Result<Tab.Grant>> step = requireNonNull(tab).reserve(PER_BYTE, quanta, Amount.ZERO);
      return new Step<>(step.tab(), ok(step.answer()).granted());
    };
  }

  /** Accepts a voucher of one more and answers with what is authorized then. */
  static Transition<Long> count() {
    return tab -> {
      Tab now = tab == null ? Tab.of(channel(1, DEPOSIT)) : tab;
      long next = now.authorized().baseUnits().longValueExact() + 1;
      var step = now.accept(voucher(1, next), Amount.ZERO);
      return new Step<>(step.tab(), next);
    };
  }

  static boolean isTabOrUnavailable(@Nullable Tab tab, @Nullable Throwable failure) {
    return tab != null || failure instanceof LedgerUnavailable;
  }
}
