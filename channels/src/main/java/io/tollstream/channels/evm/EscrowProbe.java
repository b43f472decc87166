package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import java.math.BigInteger;
import java.util.Optional;

/** Checks, before anything is sold on its strength, that an escrow is what it is taken for. */
public final class EscrowProbe {
  /** draft-evm-session-00, "Forced Close". */
  static final long MIN_GRACE_SECONDS = 600;

  /** A deposit that takes longer to come back is as good as lost. */
  static final long MAX_GRACE_SECONDS = 30L * 24 * 3_600;

  private static final String VERSION = "1";
  private static final Artifact ESCROW = Artifact.load("TollstreamEscrow");

  private final Node node;
  private final EscrowCalls calls;

  EscrowProbe(Node node, EscrowCalls calls) {
    this.node = node;
    this.calls = calls;
  }

  private record Domain(String name, String version, BigInteger chainId, String contract) {}

  Result<Escrow> probe(EvmEscrow expected) throws RpcFailure {
    Escrow escrow = expected.escrow();
    if (!node.hasCode(escrow.contract())) {
      return mismatch("escrowContract", "a contract at " + escrow.contract(), "no code there");
    }
    Optional<BigInteger> grace = node.readIfThere(calls.gracePeriod(), words -> words.number(0));
    if (grace.isEmpty() || grace.get().compareTo(BigInteger.valueOf(MIN_GRACE_SECONDS)) < 0) {
      String actual = grace.map(BigInteger::toString).orElse("none");
      return mismatch("CLOSE_GRACE_PERIOD", "at least " + MIN_GRACE_SECONDS, actual);
    }
    Optional<Domain> actual = node.readIfThere(calls.eip712Domain(), EscrowProbe::domain);
    String name = actual.map(Domain::name).orElse("none");
    if (!name.equals(expected.domainName())) {
      return mismatch("domainName", expected.domainName(), name);
    }
    Domain right =
        new Domain(
            expected.domainName(),
            VERSION,
            BigInteger.valueOf(escrow.chainId()),
            escrow.contract().hex());
    return actual.filter(right::equals).isPresent()
        ? Result.ok(escrow)
        : mismatch("eip712Domain", right.toString(), actual.map(Domain::toString).orElse("none"));
  }

  /** Verifies an escrow once, for callers without a wallet; blocks them. */
  public static Result<EscrowFacts> verifyNow(EvmEscrow escrow) {
    try (Rpc rpc = new Rpc(escrow.network())) {
      return new EscrowProbe(new Node(rpc), new EscrowCalls(escrow.contract())).verify(escrow);
    } catch (RpcFailure failure) {
      return Result.refused(failure.toRefusal());
    }
  }

  /** Probes an escrow that nobody vouches for: its code, too, must be this project's. */
  Result<EscrowFacts> verify(EvmEscrow expected) throws RpcFailure {
    Address contract = expected.contract();
    String code = node.code(contract);
    if (!ESCROW.deployed().isAt(code)) {
      return mismatch(
          "code",
          "the code of this project's escrow",
          code.equals(Node.NO_CODE) ? "no code there" : "another contract's");
    }
    Result<Escrow> probed = probe(expected);
    return probed instanceof Result.Refused<Escrow> refused
        ? Result.refused(refused.refusal())
        : bounded(facts(expected));
  }

  private EscrowFacts facts(EvmEscrow escrow) throws RpcFailure {
    return new EscrowFacts(
        escrow.escrow(),
        escrow.domainName(),
        node.read(calls.gracePeriod(), words -> words.number(0)).longValueExact(),
        node.read(calls.permit2(), words -> words.address(0)));
  }

  private static Result<EscrowFacts> bounded(EscrowFacts facts) {
    if (!isKnown(facts.permit2())) {
      return mismatch("PERMIT2", "none, or " + Permit2.CANONICAL, facts.permit2().toString());
    }
    long grace = facts.graceSeconds();
    return grace > MAX_GRACE_SECONDS
        ? mismatch("CLOSE_GRACE_PERIOD", "at most " + MAX_GRACE_SECONDS, Long.toString(grace))
        : Result.ok(facts);
  }

  private static boolean isKnown(Address permit2) {
    return permit2.isZero() || permit2.equals(Permit2.CANONICAL);
  }

  /**
   * Refuses, before gas is paid for it, to deploy what {@link #verify} would not accept. A grace
   * period that is too short the escrow refuses itself.
   */
  static void requireAcceptable(long graceSeconds, Address permit2) {
    if (graceSeconds > MAX_GRACE_SECONDS) {
      throw new IllegalArgumentException(
          "the grace period must be at most %d seconds, not %d"
              .formatted(MAX_GRACE_SECONDS, graceSeconds));
    }
    if (!isKnown(permit2)) {
      throw new IllegalArgumentException(
          "permit2 must be zero or " + Permit2.CANONICAL + ": payers trust no other");
    }
  }

  private static Domain domain(Returned words) {
    return new Domain(words.string(1), words.string(2), words.number(3), words.address(4).hex());
  }

  private static <T> Result<T> mismatch(String field, String expected, String actual) {
    return Result.refused(new Refusal.ChannelMismatch(field, expected, actual));
  }
}
