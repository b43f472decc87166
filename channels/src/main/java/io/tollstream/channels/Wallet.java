package io.tollstream.channels;

import io.tollstream.metering.Amount;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

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
   * A channel that is to be opened, chosen before anything is signed or sent, so that it can be
   * written down first.
   *
   * @param salt {@code 0x} and 64 lowercase digits
   */
  record Plan(ChannelId id, Address payee, Address token, String salt) {}

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

  /** Plans a channel with a fresh random salt; asks nobody. */
  Plan plan(Address payee, Address token);

  /**
   * Approves the escrow for exactly the deposit where the token is an ERC-20 and the allowance is
   * short, then opens the channel and awaits the receipt.
   *
   * @param sent is told the hash of the open, not of an approval, as soon as it may have left, on a
   *     thread that it may block
   */
  CompletionStage<Result<Deposited>> open(Plan plan, Amount deposit, Consumer<String> sent);

  /** Opens a channel that nobody needs to know of before it is mined. */
  default CompletionStage<Result<Deposited>> open(Address payee, Address token, Amount deposit) {
    return open(plan(payee, token), deposit, hash -> {});
  }

  /**
   * Adds to a channel, approving first where needed, and awaits the receipt.
   *
   * @param sent as for {@link #open(Plan, Amount, Consumer)}
   */
  CompletionStage<Result<Deposited>> topUp(
      Channel channel, Amount additional, Consumer<String> sent);

  default CompletionStage<Result<Deposited>> topUp(Channel channel, Amount additional) {
    return topUp(channel, additional, hash -> {});
  }

  /**
   * Authorizes an open off-chain (EIP-3009), for a gateway that pays the gas.
   *
   * @param initial the amount of the first voucher
   * @param lifetimeSeconds how long from now the authorization stays valid
   */
  CompletionStage<Result<PaymentAction.Open>> authorizeOpen(
      Plan plan, Amount deposit, Amount initial, long lifetimeSeconds);

  default CompletionStage<Result<PaymentAction.Open>> authorizeOpen(
      Address payee, Address token, Amount deposit, Amount initial, long lifetimeSeconds) {
    return authorizeOpen(plan(payee, token), deposit, initial, lifetimeSeconds);
  }

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
