package io.tollstream.gateway.payer;

import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.gateway.payer.ChannelDesk.Done;
import io.tollstream.gateway.payer.ChannelDesk.Listed;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tollstream wallet}: what the payer has on deposit, and how it comes back. */
@Command(
    name = "wallet",
    description = "Look after the channels that this payer has opened.",
    mixinStandardHelpOptions = true,
    subcommands = {
      WalletCommand.ListChannels.class,
      WalletCommand.Close.class,
      WalletCommand.RequestClose.class,
      WalletCommand.Withdraw.class
    })
public final class WalletCommand {
  /** For picocli. */
  public WalletCommand() {}

  /** What the subcommands share. */
  abstract static class Sub implements Callable<Integer> {
    @Mixin final WalletOptions options = new WalletOptions();

    @Option(names = "--json", description = "Print JSON, one line.")
    boolean json;

    @Option(
        names = "--gateway",
        paramLabel = "URL",
        description = "Ask the gateway there, instead of where it was; only its channels.")
    @Nullable URI gateway;

    @Override
    public Integer call() throws Exception {
      ChannelStore store = options.store();
      Vertx vertx = Vertx.vertx();
      try {
        return run(store, vertx);
      } finally {
        vertx.close().await();
      }
    }

    abstract int run(ChannelStore store, Vertx vertx) throws Exception;

    List<ChannelAccount> known(ChannelStore store) {
      ChannelStore.Contents contents = store.contents();
      contents.unreadable().forEach(file -> System.err.println("unreadable, left alone: " + file));
      String wanted = gateway == null ? null : options.origin("--gateway", gateway).toString();
      return contents.accounts().stream()
          .filter(account -> wanted == null || wanted.equals(account.gateway()))
          .toList();
    }

    /** The channel that an id, or the unmistakable beginning of one, names. */
    ChannelAccount find(ChannelStore store, String id) {
      List<ChannelAccount> found =
          store.contents().accounts().stream()
              .filter(account -> account.id().hex().startsWith(id.toLowerCase(Locale.ROOT)))
              .toList();
      if (found.size() != 1 || id.isEmpty()) {
        throw options.wrong(
            found.isEmpty() ? "no channel " + id + " is remembered here" : id + " names several");
      }
      return found.get(0);
    }

    <T> Future<T> at(
        Vertx vertx,
        ChannelStore store,
        Wallets wallets,
        ChannelAccount account,
        Function<ChannelDesk, Future<T>> work) {
      URI where = gateway == null ? URI.create(account.gateway()) : gateway;
      GatewayOrigin origin = options.origin("--gateway", where);
      Context context = vertx.getOrCreateContext();
      Promise<T> done = Promise.promise();
      context.runOnContext(
          now -> {
            GatewayLink link = new GatewayLink(vertx, origin);
            work.apply(new ChannelDesk(context, store, wallets, link))
                .onComplete(result -> link.close())
                .onComplete(done);
          });
      return done.future();
    }

    /** Does something with each of some channels and says what became of it; the exit code. */
    int tellOfEach(
        List<ChannelAccount> accounts,
        ChannelStore store,
        Vertx vertx,
        BiFunction<ChannelDesk, ChannelId, Future<Done>> work)
        throws Exception {
      int status = 0;
      try (Wallets wallets = options.wallets()) {
        for (ChannelAccount account : accounts) {
          ChannelId id = account.id();
          status =
              Math.max(
                  status,
                  tell(id, at(vertx, store, wallets, account, desk -> work.apply(desk, id))));
        }
      }
      return status;
    }

    private int tell(ChannelId id, Future<Done> work) {
      try {
        Done done = work.toCompletionStage().toCompletableFuture().join();
        print(done);
        return 0;
      } catch (CompletionException e) {
        System.err.println("channel " + id + ": " + String.valueOf(message(e)));
        return 1;
      }
    }

    private static @Nullable String message(CompletionException failure) {
      Throwable cause = failure.getCause();
      return cause == null ? failure.getMessage() : cause.getMessage();
    }

    private void print(Done done) {
      JsonObject line =
          PayerStatus.describe(done.account())
              .put("txHash", done.transactionHash())
              .put("note", done.note());
      if (json) {
        System.out.println(line.encode());
      } else {
        String hash =
            done.transactionHash() == null ? "" : ", transaction " + done.transactionHash();
        String note = done.note().isEmpty() ? "" : "; " + done.note();
        System.out.println(done.account().id() + " " + line.getString("state") + hash + note);
      }
    }
  }

  /** {@code wallet list}. */
  @Command(
      name = "list",
      description = "List the channels; with what the chain says where --rpc is given.",
      mixinStandardHelpOptions = true)
  static final class ListChannels extends Sub {
    @Override
    int run(ChannelStore store, Vertx vertx) throws Exception {
      List<ChannelAccount> accounts = known(store);
      List<Listed> listed =
          options.hasRpc()
              ? asked(store, vertx, accounts)
              : accounts.stream().map(Listed::unasked).toList();
      if (json) {
        JsonArray all = new JsonArray();
        listed.forEach(line -> all.add(describe(line)));
        System.out.println(all.encode());
      } else {
        listed.forEach(line -> System.out.println(text(line)));
      }
      return 0;
    }

    private List<Listed> asked(ChannelStore store, Vertx vertx, List<ChannelAccount> accounts)
        throws Exception {
      try (Wallets wallets = options.wallets()) {
        List<Listed> all = new ArrayList<>();
        for (ChannelAccount account : accounts) {
          all.add(at(vertx, store, wallets, account, desk -> desk.look(account)).await());
        }
        return all;
      }
    }

    private static JsonObject describe(Listed line) {
      JsonObject json = PayerStatus.describe(line.account());
      Channel seen = line.onChain();
      if (seen != null) {
        json.put(
            "chain",
            new JsonObject()
                .put("deposit", seen.deposit().toString())
                .put("settled", seen.settled().toString())
                .put("closeRequestedAt", seen.closeRequestedAt())
                .put("finalized", seen.finalized()));
      }
      return line.trouble().isEmpty() ? json : json.put("trouble", line.trouble());
    }

    private static String text(Listed line) {
      ChannelAccount account = line.account();
      Channel seen = line.onChain();
      String chain =
          seen == null
              ? line.trouble()
              : "on chain: settled "
                  + seen.settled()
                  + " of "
                  + seen.deposit()
                  + (seen.finalized() ? ", closed" : seen.isCloseRequested() ? ", closing" : "");
      return account.id()
          + "  "
          + account.state().name().toLowerCase(Locale.ROOT)
          + "  "
          + account.gateway()
          + "  spent "
          + account.cost()
          + ", authorized "
          + account.signed()
          + ", deposit "
          + account.deposit()
          + "  "
          + chain;
    }
  }

  /** {@code wallet close}. */
  @Command(
      name = "close",
      description = "Have the gateway close a channel for what it cost; the rest comes back.",
      mixinStandardHelpOptions = true)
  static final class Close extends Sub {
    @Parameters(arity = "0..1", paramLabel = "ID", description = "The channel, or how it begins.")
    private @Nullable String id;

    @Option(names = "--all", description = "Every channel that is not closed.")
    private boolean all;

    @Override
    int run(ChannelStore store, Vertx vertx) throws Exception {
      if ((id == null) != all) {
        throw options.wrong("name one channel, or --all");
      }
      List<ChannelAccount> chosen =
          id == null
              ? known(store).stream().filter(ChannelAccount::isOpen).toList()
              : List.of(find(store, id));
      return tellOfEach(chosen, store, vertx, ChannelDesk::close);
    }
  }

  /** {@code wallet request-close}. */
  @Command(
      name = "request-close",
      description = "Start the forced close of a channel whose gateway does not answer.",
      mixinStandardHelpOptions = true)
  static final class RequestClose extends Sub {
    @Parameters(paramLabel = "ID", description = "The channel, or how it begins.")
    private String id = "";

    @Override
    int run(ChannelStore store, Vertx vertx) throws Exception {
      return tellOfEach(List.of(find(store, id)), store, vertx, ChannelDesk::requestClose);
    }
  }

  /** {@code wallet withdraw}. */
  @Command(
      name = "withdraw",
      description = "Take back what is left, when the grace period of a forced close is over.",
      mixinStandardHelpOptions = true)
  static final class Withdraw extends Sub {
    @Parameters(paramLabel = "ID", description = "The channel, or how it begins.")
    private String id = "";

    @Override
    int run(ChannelStore store, Vertx vertx) throws Exception {
      return tellOfEach(List.of(find(store, id)), store, vertx, ChannelDesk::withdraw);
    }
  }
}
