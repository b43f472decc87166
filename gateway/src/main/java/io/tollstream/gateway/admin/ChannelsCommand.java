package io.tollstream.gateway.admin;

import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tollstream channels}: what a running gateway is owed, and how it gets it. */
@Command(
    name = "channels",
    description = "Look after the channels that a running gateway is paid through.",
    mixinStandardHelpOptions = true,
    subcommands = {
      ChannelsCommand.ListChannels.class,
      ChannelsCommand.Settle.class,
      ChannelsCommand.Close.class
    })
public final class ChannelsCommand {
  /** Longer than a gateway waits for a transaction, its streams' end before it included. */
  private static final Duration TIMEOUT = Duration.ofMinutes(10);

  private static final int PAGE = 1_000;

  /** For picocli. */
  public ChannelsCommand() {}

  /** What the subcommands share. */
  abstract static class Sub implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
        names = "--management",
        paramLabel = "URL",
        description = "The gateway's management port (${DEFAULT-VALUE}).")
    private URI management = URI.create("http://127.0.0.1:9402");

    @Option(names = "--json", description = "Print JSON, a line for each channel.")
    boolean json;

    private final HttpClient client =
        HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

    JsonArray pages() throws IOException {
      JsonArray all = new JsonArray();
      String after = "";
      while (true) {
        JsonArray page = new JsonArray(get("/channels?limit=" + PAGE + after));
        page.forEach(all::add);
        if (page.size() < PAGE) {
          return all;
        }
        after = "&after=" + page.getJsonObject(PAGE - 1).getString("channelId");
      }
    }

    private String get(String path) throws IOException {
      return send(request(path).GET().build());
    }

    JsonArray post(String path) throws IOException {
      return new JsonArray(
          send(
              request(path)
                  .header(ChannelRoutes.ACTING, "yes")
                  .POST(HttpRequest.BodyPublishers.noBody())
                  .build()));
    }

    private HttpRequest.Builder request(String path) {
      return HttpRequest.newBuilder(management.resolve(path)).timeout(TIMEOUT);
    }

    private String send(HttpRequest request) throws IOException {
      try {
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
          throw new IOException(management + " answered: " + error(response));
        }
        return response.body();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      } catch (java.net.ConnectException e) {
        throw new IOException(
            "nothing listens at " + management + ": give --management, as the configuration has it",
            e);
      }
    }

    private static String error(HttpResponse<String> response) {
      try {
        return new JsonObject(response.body()).getString("error");
      } catch (DecodeException e) {
        return "status " + response.statusCode();
      }
    }

    /** Prints what became of each; 1 where something was refused. */
    int tell(JsonArray outcomes) {
      int status = 0;
      for (int i = 0; i < outcomes.size(); i++) {
        JsonObject outcome = outcomes.getJsonObject(i);
        System.out.println(json ? outcome.encode() : text(outcome));
        status |= outcome.getString("refusal") == null ? 0 : 1;
      }
      return status;
    }

    private static String text(JsonObject outcome) {
      String refusal = outcome.getString("refusal");
      String hash = outcome.getString("transactionHash");
      String what =
          refusal != null
              ? "refused, " + refusal
              : "%s for %s%s"
                  .formatted(
                      outcome.getString("action"),
                      outcome.getString("proceeds"),
                      hash == null ? "" : ", transaction " + hash);
      return "%s  %s  gas about %s"
          .formatted(outcome.getString("channelId"), what, outcome.getString("gasCost"));
    }

    /** The full ids that some beginnings of ids name. */
    List<String> named(List<String> beginnings) throws IOException {
      JsonArray all = pages();
      List<String> ids = new ArrayList<>();
      for (String beginning : beginnings) {
        List<String> found =
            all.stream()
                .map(each -> ((JsonObject) each).getString("channelId"))
                .filter(id -> id.startsWith(beginning))
                .toList();
        if (found.size() != 1) {
          throw wrong(beginning + (found.isEmpty() ? " names no channel" : " names several"));
        }
        ids.addAll(found);
      }
      return ids;
    }

    ParameterException wrong(String message) {
      return new ParameterException(spec.commandLine(), message);
    }
  }

  /** {@code channels list}. */
  @Command(
      name = "list",
      description = "List the channels: what is deposited, authorized, spent, settled and at risk.",
      mixinStandardHelpOptions = true)
  static final class ListChannels extends Sub {
    private static final String ROW = "%-14s %-8s %16s %16s %16s %16s %16s %7s  %s%n";

    @Override
    public Integer call() throws IOException {
      JsonArray all = pages();
      if (!json) {
        System.out.printf(
            ROW,
            "CHANNEL",
            "STATE",
            "DEPOSIT",
            "AUTHORIZED",
            "SPENT",
            "SETTLED",
            "AT RISK",
            "STREAMS",
            "LAST SEEN");
      }
      for (int i = 0; i < all.size(); i++) {
        print(all.getJsonObject(i));
      }
      return 0;
    }

    private void print(JsonObject channel) {
      if (json) {
        System.out.println(channel.encode());
        return;
      }
      System.out.printf(
          ROW,
          channel.getString("channelId").substring(0, 12) + "…",
          channel.getString("phase"),
          channel.getString("deposit"),
          channel.getString("authorized"),
          channel.getString("spent"),
          channel.getString("settled"),
          channel.getString("atRisk"),
          channel.getInteger("streams"),
          ago(channel.getString("lastSeen")));
    }

    private static String ago(@Nullable String time) {
      if (time == null) {
        return "unknown";
      }
      long minutes = Math.max(0, Duration.between(Instant.parse(time), Instant.now()).toMinutes());
      return minutes < 2
          ? "just now"
          : minutes < 120
              ? minutes + " min ago"
              : minutes < 2_880 ? minutes / 60 + " h ago" : minutes / 1_440 + " days ago";
    }
  }

  /** What spends gas. */
  abstract static class Act extends Sub {
    @Parameters(paramLabel = "ID", description = "Channels, or how their ids begin.")
    List<String> ids = List.of();

    @Option(names = "--dry-run", description = "Tell gas and proceeds, and send nothing.")
    private boolean dryRun;

    void requireSome(boolean all) {
      if (ids.isEmpty() != all) {
        throw wrong("name channels, or --all");
      }
    }

    int actOnEach(List<String> channels, String what) throws IOException {
      int status = 0;
      for (String id : channels) {
        status |= act("/channels/" + id, what);
      }
      return status;
    }

    int act(String path, String what) throws IOException {
      return tell(post(path + "/" + what + "?dryRun=" + dryRun));
    }
  }

  /** {@code channels settle}. */
  @Command(
      name = "settle",
      description = "Redeem what channels owe; they stay open.",
      mixinStandardHelpOptions = true)
  static final class Settle extends Act {
    @Option(names = "--all", description = "Every channel that is worth its gas.")
    private boolean all;

    @Override
    public Integer call() throws IOException {
      requireSome(all);
      return all ? act("/channels", "settle") : actOnEach(named(ids), "settle");
    }
  }

  /** {@code channels close}. */
  @Command(
      name = "close",
      description = "Close channels: what is owed is redeemed, the rest goes back to their payers.",
      mixinStandardHelpOptions = true)
  static final class Close extends Act {
    @Option(names = "--all", description = "Every open channel, whatever that costs.")
    private boolean all;

    @Override
    public Integer call() throws IOException {
      requireSome(all);
      return actOnEach(all ? open() : named(ids), "close");
    }

    private List<String> open() throws IOException {
      return pages().stream()
          .map(JsonObject.class::cast)
          .filter(channel -> !channel.getString("phase").equals("closed"))
          .map(channel -> channel.getString("channelId"))
          .toList();
    }
  }
}
