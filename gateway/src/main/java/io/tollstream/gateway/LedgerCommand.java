package io.tollstream.gateway;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Tab;
import io.tollstream.channels.evm.VoucherCheck;
import io.tollstream.channels.ledger.LedgerArchive;
import io.tollstream.channels.ledger.SqliteBackup;
import io.tollstream.channels.ledger.TabAudit;
import io.tollstream.gateway.GatewayConfig.ChainAccess;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tollstream ledger}: looks into the ledger, checks, copies and moves it. */
@Command(
    name = "ledger",
    description = "Look into the ledger, check, copy and move it.",
    mixinStandardHelpOptions = true,
    subcommands = {
      LedgerCommand.Inspect.class,
      LedgerCommand.Verify.class,
      LedgerCommand.Export.class,
      LedgerCommand.Import.class,
      LedgerCommand.Backup.class
    })
final class LedgerCommand {

  /** A command on the ledger that a configuration names. */
  abstract static class OnLedger implements Callable<Integer> {
    @Option(names = "--config", paramLabel = "FILE", description = "The configuration, YAML.")
    private Path file = Path.of("config.yaml");

    GatewayConfig config() {
      return ConfigReader.read(file);
    }

    Path home() {
      return Objects.requireNonNull(file.toAbsolutePath().getParent());
    }

    /** The ledger to look at, whether or not a gateway runs on it. */
    LedgerArchive look() throws IOException {
      return LedgerSetup.look(config().ledger(), home());
    }

    /** The ledger to work on, which no gateway runs on meanwhile. */
    LedgerArchive take() throws IOException {
      return LedgerSetup.take(config().ledger(), home());
    }
  }

  /** {@code tollstream ledger inspect}: one line of JSON for each tab, without signatures. */
  @Command(
      name = "inspect",
      description = "Print the tabs as lines of JSON, without signatures.",
      mixinStandardHelpOptions = true)
  static final class Inspect extends OnLedger {
    @Option(names = "--channel", paramLabel = "ID", description = "This one only.")
    private @Nullable String channel;

    @Override
    public Integer call() throws IOException {
      PrintStream out = System.out;
      try (LedgerArchive ledger = look()) {
        if (channel == null) {
          ledger.forEach(
              tab -> out.println(json(tab).encode()),
              (id, why) ->
                  out.println(
                      new JsonObject().put("channelId", id.hex()).put("broken", why).encode()));
          return 0;
        }
        Tab tab = ledger.find(new ChannelId(channel));
        if (tab == null) {
          throw new IllegalArgumentException("--channel: the ledger has no tab of " + channel);
        }
        out.println(json(tab).encode());
        return 0;
      }
    }

    private static JsonObject json(Tab tab) {
      Amount owed = tab.spent().min(tab.authorized());
      return new JsonObject()
          .put("channelId", tab.id().hex())
          .put("chainId", tab.channel().escrow().chainId())
          .put("escrow", tab.channel().escrow().contract().hex())
          .put("payer", tab.channel().payer().hex())
          .put("payee", tab.channel().payee().hex())
          .put("token", tab.channel().token().hex())
          .put("phase", tab.phase().getClass().getSimpleName().toLowerCase(Locale.ROOT))
          .put("deposit", tab.channel().deposit().toString())
          .put("authorized", tab.authorized().toString())
          .put("spent", tab.spent().toString())
          .put("settled", tab.channel().settled().toString())
          .put("atRisk", owed.minusOrZero(tab.channel().settled()).toString())
          .put("vouchers", tab.vouchers().size())
          .put("reservations", tab.reservations().size());
    }
  }

  /** {@code tollstream ledger verify}: recomputes what must hold; 1 where something does not. */
  @Command(
      name = "verify",
      description = "Recompute every invariant from the stored vouchers, signatures included.",
      mixinStandardHelpOptions = true)
  static final class Verify extends OnLedger {
    @Override
    public Integer call() throws IOException {
      long[] counts = new long[2]; // tabs, findings
      TabAudit audit = audit(config());
      try (LedgerArchive ledger = look()) {
        ledger.forEach(
            tab -> {
              counts[0]++;
              audit.findings(tab).forEach(finding -> counts[1] += tell(tab.id(), finding));
            },
            (id, why) -> {
              counts[0]++;
              counts[1] += tell(id, why);
            });
      }
      System.out.println(counts[0] + " tabs, " + counts[1] + " findings");
      return counts[1] == 0 ? 0 : 1;
    }

    private static int tell(ChannelId id, String finding) {
      System.out.println(id + ": " + finding);
      return 1;
    }

    private static TabAudit audit(GatewayConfig config) {
      Map<Escrow, ChainAccess> chains = new HashMap<>();
      Map<Escrow, VoucherCheck> checks = new HashMap<>();
      for (ChainAccess access : config.chains()) {
        Escrow escrow = new Escrow(access.chainId(), access.escrow());
        chains.put(escrow, access);
        checks.put(escrow, new VoucherCheck(access.domainName(), escrow));
      }
      return new TabAudit(
          (voucher, channel) -> {
            VoucherCheck check = checks.get(channel.escrow());
            if (check == null) {
              return Result.refused(
                  new Refusal.Unavailable("no chain is configured for its escrow:"));
            }
            Result<io.tollstream.channels.Voucher> checked = check.check(voucher, channel);
            boolean contractsToo =
                Objects.requireNonNull(chains.get(channel.escrow())).contractSigners();
            return contractsToo && isOfAnother(checked) ? Result.ok(voucher) : checked;
          },
          mostCredit(config));
    }

    /** Only the chain can say of a contract which signatures are its own. */
    private static boolean isOfAnother(Result<?> checked) {
      return checked instanceof Result.Refused<?> refused
          && refused.refusal() instanceof Refusal.SignerMismatch;
    }

    private static Amount mostCredit(GatewayConfig config) {
      return config.routes().stream()
          .map(RouteRule::sale)
          .filter(Objects::nonNull)
          .map(RouteRule.Sale::credit)
          .reduce(Amount.ZERO, Amount::max);
    }
  }

  /** {@code tollstream ledger export}: all tabs as lines of JSON, for another ledger. */
  @Command(
      name = "export",
      description =
          "Write all tabs, signatures included, to a file that only you can read. The gateway"
              + " must be stopped; import takes no other export.",
      mixinStandardHelpOptions = true)
  static final class Export extends OnLedger {
    @Option(names = "--to", paramLabel = "FILE", required = true, description = "A new file.")
    private Path to = Path.of("ledger.jsonl");

    @Option(names = "--while-running", description = "Beside a gateway: for looking at only.")
    private boolean whileRunning;

    @Override
    public Integer call() throws IOException {
      Files.deleteIfExists(part());
      SecretFile.create(part());
      try (LedgerArchive ledger = whileRunning ? look() : take()) {
        long tabs;
        try (Writer writer = Files.newBufferedWriter(part(), StandardOpenOption.WRITE)) {
          tabs = ledger.export(writer);
        }
        SecretFile.sync(part());
        Files.move(part(), to); // refuses where there is one
        System.out.println(tabs + " tabs exported to " + to);
      } finally {
        Files.deleteIfExists(part());
      }
      return 0;
    }

    private Path part() {
      return to.resolveSibling(to.getFileName() + ".part");
    }
  }

  /** {@code tollstream ledger import}: adds exported tabs; no gateway may run on the ledger. */
  @Command(
      name = "import",
      description = "Add exported tabs to the configured ledger, all or none.",
      mixinStandardHelpOptions = true)
  static final class Import extends OnLedger {
    @Option(names = "--from", paramLabel = "FILE", required = true, description = "An export.")
    private Path from = Path.of("ledger.jsonl");

    @Override
    public Integer call() throws IOException {
      try (LedgerArchive ledger = take();
          BufferedReader reader = Files.newBufferedReader(from)) {
        System.out.println(ledger.add(reader) + " tabs imported from " + from);
      }
      return 0;
    }
  }

  /** {@code tollstream ledger backup}: a copy of the embedded ledger, taken while it is in use. */
  @Command(
      name = "backup",
      description = "Copy the embedded ledger while the gateway runs.",
      mixinStandardHelpOptions = true)
  static final class Backup extends OnLedger {
    @Option(names = "--to", paramLabel = "FILE", required = true, description = "A new file.")
    private Path to = Path.of("ledger-backup.db");

    @Override
    public Integer call() throws IOException {
      SqliteBackup.write(LedgerSetup.directory(config().ledger(), home()), to);
      System.out.println("copied to " + to + "; put it in place as ledger.db");
      return 0;
    }
  }
}
