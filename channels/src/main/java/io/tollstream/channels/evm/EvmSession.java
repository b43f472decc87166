package io.tollstream.channels.evm;

import io.tollstream.channels.Chain;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.ChannelProtocol;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Funding;
import io.tollstream.channels.Hex;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Terms;
import io.tollstream.channels.Voucher;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The {@code session} intent of the {@code evm} payment method (draft-evm-session-00). */
public final class EvmSession implements ChannelProtocol {
  private final Chain chain;
  private final boolean contractSigners;
  private final Escrow escrow;
  private final VoucherCheck vouchers;
  private final PayloadParser parser;

  /**
   * The protocol over one escrow.
   *
   * @param domainName the EIP-712 domain name that the escrow was deployed with
   * @param contractSigners whether a contract (ERC-1271) may be a channel's signer. It can disown
   *     at any time what it has signed, and everything it bought since the last settlement with it
   *     (draft-evm-session-00, "Contract Wallet Signer Mutability")
   */
  public EvmSession(String domainName, Chain chain, boolean contractSigners) {
    this.chain = chain;
    this.contractSigners = contractSigners;
    this.escrow = chain.escrow();
    this.vouchers = new VoucherCheck(domainName, escrow);
    this.parser = new PayloadParser(escrow);
  }

  @Override
  public String method() {
    return "evm";
  }

  @Override
  public String intent() {
    return "session";
  }

  @Override
  public Chain chain() {
    return chain;
  }

  @Override
  public Result<PaymentAction> parse(Map<String, Object> payload, @Nullable String source) {
    return parser.parse(payload, source);
  }

  @Override
  public Result<PaymentAction.Open> checkId(PaymentAction.Open open, Terms terms) {
    if (!terms.escrow().equals(escrow)) {
      return mismatch("escrowContract", terms.escrow().contract().hex(), escrow.contract().hex());
    }
    if (open.funding() instanceof Funding.Permit2 permit && !permit.token().equals(terms.token())) {
      return mismatch("currency", terms.token().hex(), permit.token().hex());
    }
    Opening opening = Opening.of(open, terms.payee(), terms.token());
    ChannelId derived = opening.channelId(escrow);
    if (!derived.equals(open.channelId())) {
      return Result.refused(
          new Refusal.Malformed(
              "channelId",
              derived
                  + ", derived from this payload's payer, "
                  + "salt and authorizedSigner and the challenge's recipient and currency"));
    }
    return checkNonce(open, opening);
  }

  private static Result<PaymentAction.Open> checkNonce(PaymentAction.Open open, Opening opening) {
    if (open.funding() instanceof Funding.Eip3009 authorization
        && !authorization.nonce().equals(Hex.encode(opening.eip3009Nonce()))) {
      return Result.refused(
          new Refusal.Malformed("authorization.nonce", "the nonce derived from the channel"));
    }
    return Result.ok(open);
  }

  @Override
  public CompletionStage<Result<Voucher>> verify(Voucher voucher, Channel channel) {
    Result<Voucher> checked = vouchers.check(voucher, channel);
    return contractSigners
            && checked instanceof Result.Refused<Voucher> refused
            && refused.refusal() instanceof Refusal.SignerMismatch mismatch
        ? askWallet(voucher, vouchers.digest(voucher), mismatch)
        : CompletableFuture.completedStage(checked);
  }

  /** The signer may be a contract wallet, which says itself whose signatures are its own. */
  private CompletionStage<Result<Voucher>> askWallet(
      Voucher voucher, byte[] digest, Refusal.SignerMismatch mismatch) {
    return chain
        .isValidSignature(mismatch.expected(), digest, voucher.signature())
        .thenApply(
            answer ->
                answer.then(
                    valid -> valid ? Result.ok(voucher) : Result.<Voucher>refused(mismatch)));
  }

  private static <T> Result<T> mismatch(String field, String expected, String actual) {
    return Result.refused(new Refusal.ChannelMismatch(field, expected, actual));
  }
}
