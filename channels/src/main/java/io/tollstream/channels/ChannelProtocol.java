package io.tollstream.channels;

import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One way of paying through channels: how its credentials read, what its vouchers sign and which
 * escrow stands behind them. The gateway knows protocols only through this interface; metering and
 * the proxy know none.
 */
public interface ChannelProtocol {
  /** The payment method of the challenge, such as {@code evm}. */
  String method();

  /** The payment intent of the challenge, such as {@code session}. */
  String intent();

  Chain chain();

  /**
   * Reads a credential's payload, a JSON object as maps, lists, strings and numbers.
   *
   * @param source the credential's payer identifier, a DID, where it has one
   * @return the action, or {@link Refusal.Malformed} naming the field
   */
  Result<PaymentAction> parse(Map<String, Object> payload, @Nullable String source);

  /** The id of the channel that an open would create, to be held against the one it claims. */
  Result<PaymentAction.Open> checkId(PaymentAction.Open open, Terms terms);

  /** Verifies a voucher's signature and signer against the channel's state. */
  CompletionStage<Result<Voucher>> verify(Voucher voucher, Channel channel);
}
