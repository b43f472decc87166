package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Ledger;
import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.MemoryNotes;
import io.tollstream.channels.Notes;
import java.math.BigInteger;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where an account's transactions are written down before they leave. Every call blocks, and throws
 * {@link LedgerUnavailable} where it is unknown what was done.
 */
final class Journal {
  private static final Logger log = LoggerFactory.getLogger(Journal.class);
  private static final int WAIT_SECONDS = 30;

  /** Where it is kept, and who of those that share it takes care of what nobody else does. */
  interface Store {
    Notes notes();

    boolean leads();

    /** Whether it outlasts the process. */
    boolean isDurable();

    /** One that only this process knows, and only for as long as it lives. */
    static Store inMemory() {
      return of(new MemoryNotes(), () -> false, false);
    }

    /** A ledger's, which may still be opening. */
    static Store of(Supplier<Ledger> ledger) {
      return new Store() {
        @Override
        public Notes notes() {
          return ledger.get().notes();
        }

        @Override
        public boolean leads() {
          return ledger.get().leads();
        }

        @Override
        public boolean isDurable() {
          return true;
        }
      };
    }

    static Store of(Notes notes, BooleanSupplier leads, boolean durable) {
      return new Store() {
        @Override
        public Notes notes() {
          return notes;
        }

        @Override
        public boolean leads() {
          return leads.getAsBoolean();
        }

        @Override
        public boolean isDurable() {
          return durable;
        }
      };
    }
  }

  private final Store store;
  private final String prefix;

  Journal(Store store, long chainId, Address account) {
    this.store = store;
    this.prefix = "tx/" + chainId + "/" + account.hex() + "/";
  }

  boolean isDurable() {
    return store.isDurable();
  }

  boolean leads() {
    return store.leads();
  }

  /** All that are not final yet, by nonce; null for one that cannot be read. */
  SortedMap<BigInteger, @Nullable Outgoing> read() {
    SortedMap<BigInteger, @Nullable Outgoing> read = new TreeMap<>();
    for (Map.Entry<String, String> note : await(store.notes().list(prefix)).entrySet()) {
      BigInteger nonce = new BigInteger(note.getKey().substring(prefix.length()));
      read.put(nonce, parsed(nonce, note.getValue()));
    }
    return read;
  }

  private @Nullable Outgoing parsed(BigInteger nonce, String text) {
    try {
      return Outgoing.parse(nonce, text);
    } catch (IllegalArgumentException e) {
      log.error("The note {} cannot be read: look after that transaction yourself", name(nonce));
      return null;
    }
  }

  /** Takes the nonce; whether nobody else had. */
  boolean put(Outgoing outgoing) {
    return await(store.notes().swap(name(outgoing.nonce()), null, outgoing.toJson()));
  }

  boolean replace(Outgoing old, Outgoing next) {
    return await(store.notes().swap(name(old.nonce()), old.toJson(), next.toJson()));
  }

  boolean remove(Outgoing outgoing) {
    return await(store.notes().swap(name(outgoing.nonce()), outgoing.toJson(), null));
  }

  private String name(BigInteger nonce) {
    return prefix + "%020d".formatted(nonce);
  }

  /** What a stage of the notes completes with. */
  static <T> T await(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LedgerUnavailable("interrupted while the ledger was at it", e);
    } catch (TimeoutException | ExecutionException e) {
      throw new LedgerUnavailable("what had to be written down was not", e);
    }
  }
}
