package io.tollstream.channels;

import io.tollstream.metering.Amount;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * The payer's side of one escrow: it deposits, signs vouchers and takes money back. It signs what
 * it is told; whether to is its caller's policy.
 */
public interface Wallet extends AutoCloseable {

  /** Stands where a salt would, after a top-up, which needs none. */
  String NO_SALT = "0x" + "0".repeat(64);

  /**
   * A deposit that was mined and took effect.
   *
   * @param transactionHash of the open or top-up itself, not of an approval before it
   * @param salt the salt of the channel that was opened, {@code 0x} and 64 lowercase digits; {@link
   *     #NO_SALT} after a top-up
   */
  record Deposited(String transactionHash, String salt, Channel channel) {}

  /**
   * What is known of a token.
   *
   * @param symbol as the token tells it; for display only
   * @param decimals base units per whole token are ten to this power
   */
  record Token(Address address, String symbol, int decimals) {}

  /** The account that deposits, and that signs vouchers. */
  Address address();

  Escrow escrow();

  /**
   * Signs a voucher over this escrow's domain.
   *
   * @param cumulative the total authorized, not an increment
   */
  Voucher sign(ChannelId channelId, Amount cumulative);

  /**
   * Approves the escrow for exactly the deposit where the token is an ERC-20 and the allowance is
   * short, then opens a channel with a fresh random salt and awaits the receipt.
   */
  CompletionStage<Result<Deposited>> open(Address payee, Address token, Amount deposit);

  /** Adds to a channel, approving first where needed, and awaits the receipt. */
  CompletionStage<Result<Deposited>> topUp(Channel channel, Amount additional);

  /**
   * Authorizes an open off-chain (EIP-3009), for a gateway that pays the gas.
   *
   * @param initial the amount of the first voucher
   * @param lifetimeSeconds how long from now the authorization stays valid
   */
  CompletionStage<Result<PaymentAction.Open>> authorizeOpen(
      Address payee, Address token, Amount deposit, Amount initial, long lifetimeSeconds);

  /** Authorizes a top-up off-chain (EIP-3009), for a gateway that pays the gas. */
  CompletionStage<Result<PaymentAction.TopUp>> authorizeTopUp(
      Channel channel, Amount additional, long lifetimeSeconds);

  /** Starts the forced close; the transaction's hash. */
  CompletionStage<Result<String>> requestClose(ChannelId channelId);

  /** Takes the remainder after the grace period; the transaction's hash. */
  CompletionStage<Result<String>> withdraw(ChannelId channelId);

  CompletionStage<Result<Channel>> read(ChannelId channelId);

  /** How long after a requested close the remainder can be withdrawn. */
  CompletionStage<Result<Duration>> gracePeriod();

  /** What the account holds, in the token's base units. */
  CompletionStage<Result<Amount>> balance(Address token);

  CompletionStage<Result<Token>> token(Address token);

  @Override
  void close();
}
