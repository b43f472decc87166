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
import io.tollstream.channels.StreamId;
import io.tollstream.channels.Tab;
import io.tollstream.metering.Amount;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** Pays without end, and prints each amount once it is acknowledged; for {@link CrashTest}. */
final class CrashPayers {
  static final int CHANNELS = 16;

  private final Ledger ledger;
  private final ExecutorService printer = Executors.newSingleThreadExecutor();
  private final PrintStream out = System.out;

  private CrashPayers(Ledger ledger) {
    this.ledger = ledger;
  }

  public static void main(String[] args) throws InterruptedException {
    var ledger = SqliteLedger.open(Path.of(args[0]), SqliteLedger.Settings.DEFAULT);
    CrashPayers payers = new CrashPayers(ledger);
    for (int i = 0; i < CHANNELS; i++) {
      payers.pay(i);
    }
    Thread.currentThread().join();
  }

  private void pay(int number) {
    ledger
        .apply(id(number), tab -> paid(number, tab))
        .thenAcceptAsync(
            amount -> {
              out.println(number + " " + amount + ".");
              pay(number);
            },
            printer);
  }

  private Step<Amount> paid(int number, @Nullable Tab tab) {
    Tab now = tab == null ? Tab.of(channel(number, Long.MAX_VALUE)) : tab;
    Amount next = now.authorized().plus(Amount.of(1));
    Tab authorized = ok(now.accept(voucher(number, next), Amount.ZERO).answer()).tab();
    StreamId stream = fresh(authorized, ledger.node());
    Tab spent = requireNonNull(authorized.reserve(ask(stream, PER_BYTE, 1)).tab());
    return new Step<>(spent.settle(stream, 1).answer(), next);
  }
}
