package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Funding;
import io.tollstream.channels.Hex;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signature;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Checks an authorized deposit before gas is spent on it (draft-evm-session-00, "Open
 * Verification"), and makes the call that submits it.
 */
final class DepositCheck {
  /** An authorization must outlive the wait for the next blocks, four of the slowest chains'. */
  private static final long MIN_LIFETIME_SECONDS = 120;

  private final Secp256k1 curve = Secp256k1.best();
  private final Node node;
  private final Escrow escrow;
  private final EscrowCalls calls;
  private final EscrowReader reader;
  private final TokenDomains domains;
  private volatile @Nullable Permit2 permit2;

  DepositCheck(Node node, Escrow escrow, EscrowCalls calls, EscrowReader reader) {
    this.node = node;
    this.escrow = escrow;
    this.calls = calls;
    this.reader = reader;
    this.domains = new TokenDomains(node, escrow.chainId());
  }

  /**
   * The call, or why there is none.
   *
   * @param payee who a channel that it opens must pay
   * @param token the token that the channel must be in
   */
  Result<Call> check(PaymentAction.Deposit deposit, Address payee, Address token)
      throws RpcFailure {
    if (token.isZero()) {
      return malformed("type", "hash: native coin cannot be deposited by authorization");
    }
    if (deposit instanceof PaymentAction.Open open) {
      return open(open, Opening.of(open, payee, token));
    }
    PaymentAction.TopUp topUp = (PaymentAction.TopUp) deposit;
    Result<Channel> channel = reader.readNewest(topUp.channelId());
    if (channel instanceof Result.Refused<Channel> refused) {
      return Result.refused(refused.refusal());
    }
    return topUp(topUp, ((Result.Ok<Channel>) channel).value(), token);
  }

  private Result<Call> open(PaymentAction.Open open, Opening opening) throws RpcFailure {
    if (!opening.channelId(escrow).equals(open.channelId())) {
      return malformed("channelId", "the id derived from the channel's parameters");
    }
    if (open.funding() instanceof Funding.Eip3009 authorization) {
      return orCall(
          eip3009(authorization, opening.token(), opening.eip3009Nonce()),
          calls.openWithAuthorization(opening, authorization));
    }
    Funding.Permit2 permit = (Funding.Permit2) open.funding();
    Permit2 contract = permit2();
    if (contract == null) {
      return noPermit2();
    }
    return orCall(
        permit(permit, opening.token(), contract.openDigest(permit, opening)),
        calls.openWithPermit2(opening, permit));
  }

  private Result<Call> topUp(PaymentAction.TopUp topUp, Channel channel, Address token)
      throws RpcFailure {
    if (!channel.token().equals(token)) {
      return Result.refused(
          new Refusal.ChannelMismatch("currency", token.hex(), channel.token().hex()));
    }
    if (channel.finalized()) {
      return Result.refused(new Refusal.ChannelFinalized(channel.id()));
    }
    if (topUp.funding() instanceof Funding.Eip3009 authorization) {
      return eip3009TopUp(topUp, authorization, token);
    }
    Funding.Permit2 permit = (Funding.Permit2) topUp.funding();
    Permit2 contract = permit2();
    if (contract == null) {
      return noPermit2();
    }
    return orCall(
        permit(permit, token, contract.topUpDigest(permit, topUp.channelId())),
        calls.topUpWithPermit2(topUp.channelId(), permit));
  }

  private Result<Call> eip3009TopUp(
      PaymentAction.TopUp topUp, Funding.Eip3009 authorization, Address token) throws RpcFailure {
    String salt = topUp.salt();
    if (salt == null) {
      return malformed("salt", "the salt of the authorization's nonce");
    }
    if (!authorization.value().equals(topUp.additional())) {
      return malformed("authorization.value", "the additional deposit");
    }
    byte[] nonce =
        Eip3009.topUpNonce(topUp.channelId(), topUp.additional(), authorization.from(), salt);
    return orCall(
        eip3009(authorization, token, nonce),
        calls.topUpWithAuthorization(topUp.channelId(), salt, authorization));
  }

  private @Nullable Refusal eip3009(Funding.Eip3009 authorization, Address token, byte[] nonce)
      throws RpcFailure {
    if (!authorization.to().equals(escrow.contract())) {
      return new Refusal.Malformed("authorization.to", "the escrow contract");
    }
    if (!authorization.nonce().equals(Hex.encode(nonce))) {
      return new Refusal.Malformed("authorization.nonce", "the nonce derived from the deposit");
    }
    BigInteger now = BigInteger.valueOf(node.latest().timestamp());
    if (authorization.validAfter().compareTo(now) >= 0) {
      return new Refusal.Malformed("authorization.validAfter", "a time in the past");
    }
    if (tooShort(authorization.validBefore(), now)) {
      return new Refusal.Malformed("authorization.validBefore", expectedLifetime());
    }
    Optional<byte[]> domain = domains.separator(token);
    if (domain.isEmpty()) {
      return new Refusal.Malformed("type", "a type that the token supports");
    }
    byte[] digest = Eip3009.digest(domain.get(), authorization);
    return payable(
        authorization.from(), token, authorization.value(), digest, authorization.signature());
  }

  private @Nullable Refusal permit(Funding.Permit2 permit, Address token, byte[] digest)
      throws RpcFailure {
    if (!permit.token().equals(token)) {
      return new Refusal.ChannelMismatch("currency", token.hex(), permit.token().hex());
    }
    if (tooShort(permit.deadline(), BigInteger.valueOf(node.latest().timestamp()))) {
      return new Refusal.Malformed("authorization.deadline", expectedLifetime());
    }
    return payable(permit.from(), token, permit.amount(), digest, permit.signature());
  }

  private @Nullable Refusal payable(
      Address from, Address token, Amount amount, byte[] digest, Signature signature)
      throws RpcFailure {
    // Tokens and Permit2 ask an account's code about its signatures, even where its key made them.
    // What that code burns we would pay for, and it can answer the simulation otherwise.
    if (node.hasCode(from)) {
      return new Refusal.Malformed("type", "hash: contract accounts pay for their own deposits");
    }
    Address actual = curve.signer(digest, signature);
    if (!from.equals(actual)) {
      return actual == null
          ? new Refusal.InvalidSignature()
          : new Refusal.SignerMismatch(from, actual);
    }
    Amount balance = node.balance(token, from);
    return amount.exceeds(balance) ? new Refusal.InsufficientBalance(amount, balance) : null;
  }

  /** The escrow's own Permit2, or null where it has none; it never changes. */
  private @Nullable Permit2 permit2() throws RpcFailure {
    Permit2 known = permit2;
    if (known != null) {
      return known;
    }
    Address contract = node.read(calls.permit2(), words -> words.address(0));
    if (contract.isZero()) {
      return null;
    }
    Permit2 read = new Permit2(contract, escrow);
    permit2 = read;
    return read;
  }

  private static boolean tooShort(BigInteger end, BigInteger now) {
    return end.compareTo(now.add(BigInteger.valueOf(MIN_LIFETIME_SECONDS))) < 0;
  }

  private static String expectedLifetime() {
    return "a time at least " + MIN_LIFETIME_SECONDS + " seconds ahead";
  }

  private static Result<Call> orCall(@Nullable Refusal refusal, Call call) {
    return refusal == null ? Result.ok(call) : Result.refused(refusal);
  }

  private static Result<Call> noPermit2() {
    return malformed("type", "a type that the escrow supports: it has no Permit2");
  }

  private static Result<Call> malformed(String field, String expected) {
    return Result.refused(new Refusal.Malformed(field, expected));
  }
}
