package io.tollstream.gateway;

import static io.tollstream.gateway.ConfigChecks.address;
import static io.tollstream.gateway.ConfigChecks.amount;
import static io.tollstream.gateway.ConfigChecks.check;
import static io.tollstream.gateway.ConfigChecks.present;

import com.fasterxml.jackson.annotation.JsonCreator;
import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.evm.FollowPolicy;
import io.tollstream.channels.evm.GasPolicy;
import io.tollstream.metering.Amount;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The configuration file, one record per feature, each with its defaults and checked when it is
 * made: what exists is valid. Paths of files are relative to the file's own directory.
 *
 * @param listen where clients come in
 * @param management where the operator comes in, or null for nowhere
 * @param publicUrl where clients find this gateway, or null; its host is the realm of challenges
 * @param allowPlaintext whether to listen beyond loopback without TLS
 */
record GatewayConfig(
    Listen listen,
    @Nullable Listen management,
    @Nullable URI publicUrl,
    boolean allowPlaintext,
    @Nullable Tls tls,
    LedgerStore ledger,
    ChallengeSecrets challenge,
    List<ChainAccess> chains,
    List<RouteRule> routes) {

  private static final String DEFAULT_REALM = "tollstream";

  @JsonCreator
  GatewayConfig(
      Listen listen,
      @Nullable Listen management,
      @Nullable URI publicUrl,
      @Nullable Boolean allowPlaintext,
      @Nullable Tls tls,
      LedgerStore ledger,
      ChallengeSecrets challenge,
      @Nullable List<ChainAccess> chains,
      List<RouteRule> routes) {
    this(
        listen,
        management,
        publicUrl,
        Boolean.TRUE.equals(allowPlaintext),
        tls,
        ledger,
        challenge,
        chains == null ? List.of() : List.copyOf(chains),
        routes);
  }

  GatewayConfig {
    present(listen, "listen", "such as 127.0.0.1:8080");
    present(ledger, "ledger", "a directory to keep the tabs in");
    present(challenge, "challenge", "a secretFile to sign challenges with");
    present(routes, "routes", "at least one route");
    check(!routes.isEmpty(), "routes", "at least one route is needed");
    check(
        tls != null || allowPlaintext || listen.isLoopback(),
        "listen",
        "payments need TLS beyond loopback; give tls, or set allowPlaintext behind a TLS proxy");
    check(
        management == null || management.isLoopback(),
        "management",
        "must be on loopback; it shows what payers spend");
    checkNames(chains.stream().map(ChainAccess::name).toList(), "chains");
    checkNames(routes.stream().map(RouteRule::name).toList(), "routes");
    checkEscrows(chains);
    Set<String> known = new HashSet<>(chains.stream().map(ChainAccess::name).toList());
    for (RouteRule route : routes) {
      check(
          route.sale() == null || known.contains(route.sale().chain()),
          "routes." + route.name() + ".chain",
          "no such chain; there are " + known);
    }
    routes = List.copyOf(routes);
  }

  String realm() {
    String host = publicUrl == null ? null : publicUrl.getHost();
    return host == null ? DEFAULT_REALM : host;
  }

  ChainAccess chain(String name) {
    return chains.stream().filter(chain -> chain.name().equals(name)).findFirst().orElseThrow();
  }

  /** A host and port; port 0 means a free one. */
  record Listen(String host, int port) {
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static Listen parse(String text) {
      int colon = text.lastIndexOf(':');
      check(colon > 0, "address", "must be host:port, such as 127.0.0.1:8080");
      String host = text.substring(0, colon).replaceAll("^\\[|]$", "");
      return new Listen(host, port(text.substring(colon + 1)));
    }

    private static int port(String text) {
      try {
        int port = Integer.parseInt(text);
        check(port >= 0 && port <= 65_535, "port", "must be from 0 to 65535");
        return port;
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("port must be a number from 0 to 65535", e);
      }
    }

    boolean isLoopback() {
      try {
        return InetAddress.getByName(host).isLoopbackAddress();
      } catch (UnknownHostException e) {
        return false;
      }
    }
  }

  /** PEM files. */
  record Tls(String certificate, String key) {
    Tls {
      present(certificate, "tls.certificate", "a PEM file with the chain");
      present(key, "tls.key", "a PEM file with the private key");
    }
  }

  /** Where the tabs are kept: in a directory of this machine, or in a PostgreSQL database. */
  record LedgerStore(@Nullable String directory, @Nullable Postgres postgres) {
    LedgerStore {
      check(
          (directory == null) != (postgres == null),
          "ledger",
          "give directory, to keep the tabs in on this machine, or postgres, to share them");
    }
  }

  /**
   * A PostgreSQL database that several gateways share.
   *
   * @param schema of the ledger's tables
   * @param tls {@code off}, {@code encrypted} or {@code verified}
   * @param authorities PEM file of who may vouch for the server, with {@code verified}
   * @param lanes how many groups of changes can be under way at once
   * @param leaseSeconds for how long a gateway counts as alive after it was last heard of
   */
  record Postgres(
      String host,
      int port,
      String database,
      String user,
      String passwordFile,
      String schema,
      String tls,
      @Nullable String authorities,
      int lanes,
      long leaseSeconds) {
    private static final int DEFAULT_PORT = 5_432;
    private static final long DEFAULT_LEASE_SECONDS = 15;

    @JsonCreator
    Postgres(
        String host,
        @Nullable Integer port,
        String database,
        String user,
        String passwordFile,
        @Nullable String schema,
        @Nullable String tls,
        @Nullable String authorities,
        @Nullable Integer lanes,
        @Nullable Long leaseSeconds) {
      this(
          host,
          port == null ? DEFAULT_PORT : port.intValue(),
          database,
          user,
          passwordFile,
          schema == null ? "tollstream" : schema,
          tls == null ? "verified" : tls,
          authorities,
          lanes == null ? 1 : lanes.intValue(),
          leaseSeconds == null ? DEFAULT_LEASE_SECONDS : leaseSeconds.longValue());
    }

    Postgres {
      present(host, "ledger.postgres.host", "the server's name or address");
      present(database, "ledger.postgres.database", "the database's name");
      present(user, "ledger.postgres.user", "who the gateway logs in as");
      present(passwordFile, "ledger.postgres.passwordFile", "a file with the password");
      check(port >= 1 && port <= 65_535, "ledger.postgres.port", "must be from 1 to 65535");
      check(
          Set.of("off", "encrypted", "verified").contains(tls),
          "ledger.postgres.tls",
          "must be off, encrypted or verified");
      check(
          tls.equals("verified") == (authorities != null),
          "ledger.postgres.authorities",
          "the PEM file that vouches for the server is needed with tls: verified, and only then");
      check(lanes >= 1 && lanes <= 16, "ledger.postgres.lanes", "must be from 1 to 16");
      check(
          leaseSeconds >= 5 && leaseSeconds <= 60,
          "ledger.postgres.leaseSeconds",
          "must be from 5 to 60");
    }
  }

  /**
   * Secrets that sign challenges: the present one, and former ones until their challenges expire.
   */
  record ChallengeSecrets(
      String secretFile, List<String> previousSecretFiles, long lifetimeSeconds) {
    private static final long DAY_SECONDS = 86_400;

    @JsonCreator
    ChallengeSecrets(
        String secretFile,
        @Nullable List<String> previousSecretFiles,
        @Nullable Long lifetimeSeconds) {
      this(
          secretFile,
          previousSecretFiles == null ? List.of() : previousSecretFiles,
          lifetimeSeconds == null ? DAY_SECONDS : lifetimeSeconds.longValue());
    }

    ChallengeSecrets {
      present(secretFile, "challenge.secretFile", "a file of at least 32 random bytes");
      check(
          lifetimeSeconds >= 60 && lifetimeSeconds <= 366 * DAY_SECONDS,
          "challenge.lifetimeSeconds",
          "must be from 60 to a year");
      previousSecretFiles = List.copyOf(previousSecretFiles);
    }
  }

  /**
   * An escrow on a chain, and the account that redeems there.
   *
   * @param gas whose key sends the transactions and pays for them; null for the payee's
   */
  record ChainAccess(
      String name,
      long chainId,
      List<String> rpc,
      Address escrow,
      String domainName,
      @Nullable Address permit2,
      Finality finality,
      KeySource payeeKey,
      boolean feePayer,
      boolean contractSigners,
      long pollMillis,
      int reorgDepth,
      int logWindow,
      long logLookbackBlocks,
      long sweepSeconds,
      long replaceAfterSeconds,
      int replacementPercent,
      @Nullable Amount maxGasPrice,
      @Nullable KeySource gas,
      SettlementRule settlement) {
    private static final long DEFAULT_SWEEP_SECONDS = 600;
    private static final long MAX_SWEEP_SECONDS = 3_600;
    private static final long MAX_REPLACE_SECONDS = 3_600;

    @JsonCreator
    ChainAccess(
        String name,
        @Nullable Long chainId,
        List<String> rpc,
        @Nullable String escrow,
        @Nullable String domainName,
        @Nullable String permit2,
        @Nullable Finality finality,
        @Nullable String payeeKeyFile,
        @Nullable String keystore,
        @Nullable String passwordFile,
        @Nullable String passwordEnv,
        @Nullable Boolean feePayer,
        @Nullable Boolean contractSigners,
        @Nullable Long pollMillis,
        @Nullable Integer reorgDepth,
        @Nullable Integer logWindow,
        @Nullable Long logLookbackBlocks,
        @Nullable Long sweepSeconds,
        @Nullable Long replaceAfterSeconds,
        @Nullable Integer replacementPercent,
        @Nullable String maxGasPrice,
        @Nullable KeySource gas,
        @Nullable SettlementRule settlement) {
      this(
          name,
          present(chainId, "chainId", "the EIP-155 id of the chain").longValue(),
          rpc,
          address(present(escrow, "escrow", "the contract's address"), "escrow"),
          domainName == null ? "EVM Payment Channel" : domainName,
          permit2 == null ? null : address(permit2, "permit2"),
          finality == null ? new Finality("latest", 1, null) : finality,
          KeySource.of(
              "chains." + name, "payeeKeyFile", payeeKeyFile, keystore, passwordFile, passwordEnv),
          Boolean.TRUE.equals(feePayer),
          Boolean.TRUE.equals(contractSigners),
          pollMillis == null ? 1_000 : pollMillis.longValue(),
          reorgDepth == null ? FollowPolicy.DEFAULT.reorgDepth() : reorgDepth.intValue(),
          logWindow == null ? FollowPolicy.DEFAULT.logWindow() : logWindow.intValue(),
          logLookbackBlocks == null
              ? FollowPolicy.DEFAULT.lookbackBlocks()
              : logLookbackBlocks.longValue(),
          sweepSeconds == null ? DEFAULT_SWEEP_SECONDS : sweepSeconds.longValue(),
          replaceAfterSeconds == null
              ? GasPolicy.DEFAULT.replaceAfter().toSeconds()
              : replaceAfterSeconds.longValue(),
          replacementPercent == null
              ? GasPolicy.DEFAULT.replacementPercent()
              : replacementPercent.intValue(),
          maxGasPrice == null ? null : amount(maxGasPrice, "chains." + name + ".maxGasPrice"),
          gas,
          settlement == null ? SettlementRule.DEFAULT : settlement);
    }

    ChainAccess {
      present(name, "chains.name", "a name that routes refer to");
      check(chainId > 0, "chains." + name + ".chainId", "must be above zero");
      present(rpc, "chains." + name + ".rpc", "at least one URL");
      check(!rpc.isEmpty(), "chains." + name + ".rpc", "at least one URL is needed");
      check(
          rpc.stream().allMatch(url -> url.matches("https?://[^/\\s]+\\S*")),
          "chains." + name + ".rpc",
          "must be URLs, http:// or https:// and a host");
      check(pollMillis >= 10, "chains." + name + ".pollMillis", "must be at least 10");
      check(
          reorgDepth >= 1 && reorgDepth <= FollowPolicy.MAX_REORG_DEPTH,
          "chains." + name + ".reorgDepth",
          "must be from 1 to " + FollowPolicy.MAX_REORG_DEPTH);
      check(
          logWindow >= 1 && logWindow <= FollowPolicy.MAX_LOG_WINDOW,
          "chains." + name + ".logWindow",
          "must be from 1 to " + FollowPolicy.MAX_LOG_WINDOW);
      check(
          logLookbackBlocks >= reorgDepth && logLookbackBlocks <= FollowPolicy.MAX_LOOKBACK_BLOCKS,
          "chains." + name + ".logLookbackBlocks",
          "must be from reorgDepth to " + FollowPolicy.MAX_LOOKBACK_BLOCKS);
      check(
          sweepSeconds >= 1 && sweepSeconds <= MAX_SWEEP_SECONDS,
          "chains." + name + ".sweepSeconds",
          "must be from 1 to 3600; with events being followed it is only the safety net");
      check(
          replaceAfterSeconds >= 1 && replaceAfterSeconds <= MAX_REPLACE_SECONDS,
          "chains." + name + ".replaceAfterSeconds",
          "must be from 1 to 3600");
      check(
          replacementPercent >= GasPolicy.MIN_PERCENT
              && replacementPercent <= GasPolicy.MAX_PERCENT,
          "chains." + name + ".replacementPercent",
          "must be from 10 to 1000; nodes of Filecoin want 25");
      check(
          maxGasPrice == null || maxGasPrice.exceeds(Amount.ZERO),
          "chains." + name + ".maxGasPrice",
          "must be above zero");
      rpc = List.copyOf(rpc);
    }
  }

  /**
   * When a deposit counts.
   *
   * @param tag {@code latest}, {@code safe} or {@code finalized}
   * @param confirmations blocks, the deposit's own included, behind {@code latest}
   * @param early which deposits count before that; null for none
   */
  record Finality(String tag, int confirmations, @Nullable Early early) {
    @JsonCreator
    Finality(@Nullable String tag, @Nullable Integer confirmations, @Nullable Early early) {
      this(
          tag == null ? "latest" : tag,
          confirmations == null ? 1 : confirmations.intValue(),
          early);
    }

    Finality {
      check(
          Set.of("latest", "safe", "finalized").contains(tag),
          "finality.tag",
          "must be latest, safe or finalized");
      check(
          confirmations >= 1 && confirmations <= 10_000,
          "finality.confirmations",
          "must be from 1 to 10000");
      check(
          early == null || !tag.equals("latest") || early.confirmations() < confirmations,
          "finality.early.confirmations",
          "must be below finality.confirmations, or nothing counts early");
    }
  }

  /**
   * Small deposits that count before they are final.
   *
   * @param token whose base units the amounts are in, and the only one whose deposits do
   * @param confirmations blocks, the deposit's own included
   * @param maxDeposit the most that does in one channel
   * @param maxAtRisk the most that does in all channels of the chain
   */
  record Early(Address token, int confirmations, Amount maxDeposit, Amount maxAtRisk) {
    @JsonCreator
    Early(
        @Nullable String token,
        @Nullable Integer confirmations,
        @Nullable String maxDeposit,
        @Nullable String maxAtRisk) {
      this(
          address(
              present(token, "finality.early.token", "the token that the amounts are of"),
              "finality.early.token"),
          confirmations == null ? 1 : confirmations.intValue(),
          amount(
              present(maxDeposit, "finality.early.maxDeposit", "base units of the token"),
              "finality.early.maxDeposit"),
          amount(
              present(maxAtRisk, "finality.early.maxAtRisk", "base units of the token"),
              "finality.early.maxAtRisk"));
    }

    Early {
      check(
          confirmations >= 1 && confirmations <= 10_000,
          "finality.early.confirmations",
          "must be from 1 to 10000");
      check(
          !maxDeposit.isZero() && !maxDeposit.exceeds(maxAtRisk),
          "finality.early.maxDeposit",
          "must be above zero and not above finality.early.maxAtRisk");
    }
  }

  /** What watches and redeems goes by the escrow: with two keys for one, one key would be idle. */
  private static void checkEscrows(List<ChainAccess> chains) {
    Map<Escrow, String> names = new HashMap<>();
    for (ChainAccess chain : chains) {
      String other = names.put(new Escrow(chain.chainId(), chain.escrow()), chain.name());
      check(
          other == null,
          "chains." + chain.name() + ".escrow",
          "is the escrow of chains."
              + other
              + " too; keep one, or deploy an escrow for each payee");
    }
  }

  private static void checkNames(List<String> names, String field) {
    check(new HashSet<>(names).size() == names.size(), field, "names must differ");
  }
}
