package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import java.math.BigInteger;
import java.util.Optional;

/** Checks, before anything is sold on its strength, that an escrow is what it is taken for. */
final class EscrowProbe {
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
    Domain right =
        new Domain(
            expected.domainName(),
            VERSION,
            BigInteger.valueOf(escrow.chainId()),
            escrow.contract().hex());
    Optional<Domain> actual = node.readIfThere(calls.eip712Domain(), EscrowProbe::domain);
    return actual.filter(right::equals).isPresent()
        ? Result.ok(escrow)
        : mismatch("eip712Domain", right.toString(), actual.map(Domain::toString).orElse("none"));
  }

  /** Probes an escrow that nobody vouches for: its code, too, must be this project's. */
  Result<Escrow> verify(EvmEscrow expected) throws RpcFailure {
    Result<Escrow> probed = probe(expected);
    if (probed instanceof Result.Refused<Escrow>) {
      return probed;
    }
    Escrow escrow = expected.escrow();
    if (!ESCROW.deployed().isAt(node.code(escrow.contract()))) {
      return mismatch("code", "the code of this project's escrow", "another contract's");
    }
    Address permit2 = node.read(calls.permit2(), words -> words.address(0));
    if (!permit2.isZero() && !permit2.equals(Permit2.CANONICAL)) {
      return mismatch("PERMIT2", "none, or " + Permit2.CANONICAL, permit2.toString());
    }
    BigInteger grace = node.read(calls.gracePeriod(), words -> words.number(0));
    return grace.compareTo(BigInteger.valueOf(MAX_GRACE_SECONDS)) > 0
        ? mismatch("CLOSE_GRACE_PERIOD", "at most " + MAX_GRACE_SECONDS, grace.toString())
        : probed;
  }

  private static Domain domain(Returned words) {
    return new Domain(words.string(1), words.string(2), words.number(3), words.address(4).hex());
  }

  private static Result<Escrow> mismatch(String field, String expected, String actual) {
    return Result.refused(new Refusal.ChannelMismatch(field, expected, actual));
  }
}
