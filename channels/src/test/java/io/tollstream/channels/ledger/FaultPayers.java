package io.tollstream.channels.ledger;

import static io.tollstream.channels.Samples.PER_BYTE;
import static io.tollstream.channels.Samples.ask;
import static io.tollstream.channels.Samples.channel;
import static io.tollstream.channels.Samples.fresh;
import static io.tollstream.channels.Samples.id;
import static io.tollstream.channels.Samples.ok;
import static io.tollstream.channels.Samples.voucher;
import static java.util.Objects.requireNonNull;

import io.tollstream.channels.Ledger;
import io.tollstream.channels.Ledger.Step;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.metering.Amount;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Pays without end, also after failures, and prints what came of each payment: the amount once it
 * is acknowledged, or the failure. The other half is {@link PayingProcess}.
 */
final class FaultPayers {
  static final int CHANNELS = 16;
  private static final int PATIENCE_MILLIS = 1;

  private final Ledger ledger;
  private final ScheduledExecutorService payers = Executors.newSingleThreadScheduledExecutor();
  private final PrintStream out = System.out;

  private FaultPayers(Ledger ledger) {
    this.ledger = ledger;
  }

  public static void main(String[] args) throws InterruptedException {
    var ledger = SqliteLedger.open(Path.of(args[0]), SqliteLedger.Settings.DEFAULT);
    FaultPayers payers = new FaultPayers(ledger);
    for (int i = 0; i < CHANNELS; i++) {
      payers.pay(i);
    }
    Thread.currentThread().join();
  }

  private void pay(int number) {
    ledger
        .apply(id(number), tab -> paid(number, tab))
        .whenCompleteAsync(
            (amount, failure) -> {
              if (failure == null) {
                out.println(number + " " + amount + ".");
                pay(number);
              } else {
                out.println(number + " !" + reason(failure) + ".");
                var unused =
                    payers.schedule(() -> pay(number), PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
              }
            },
            payers);
  }

  private static String reason(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    return cause instanceof LedgerUnavailable ? "" + cause.getMessage() : "BUG " + cause;
  }

  /** A voucher of one more, and the byte it pays for. */
  private Step<Amount> paid(int number, @Nullable Tab tab) {
    Tab now = tab == null ? Tab.of(channel(number, Long.MAX_VALUE)) : tab;
    Amount next = now.authorized().plus(Amount.of(1));
    Tab authorized = ok(now.accept(voucher(number, next), Amount.ZERO).answer()).tab();
    StreamId stream = fresh(authorized, ledger.node());
    Tab reserved = requireNonNull(authorized.reserve(ask(stream, PER_BYTE, 1)).tab());
    return new Step<>(reserved.settle(stream, 1).answer(), next);
  }
}
