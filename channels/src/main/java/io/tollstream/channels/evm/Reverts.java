package io.tollstream.channels.evm;

import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Refusal;
import io.tollstream.metering.Amount;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Tells why a call reverted, as draft-evm-session-00, "Error Responses", maps it. */
final class Reverts {
  private static final List<String> ERRORS =
      List.of(
          "ChannelAlreadyExists()",
          "ChannelNotFound()",
          "ChannelFinalized()",
          "NotPayee()",
          "NotPayer()",
          "AmountNotIncreasing()",
          "AmountExceedsDeposit()",
          "InvalidSignature()",
          "NonceMismatch()",
          "NonceAlreadyUsed()",
          "AuthorizationExpired()",
          "CloseNotReady()",
          "ZeroDeposit()",
          "DepositOverflow()",
          "InvalidPayee()",
          "WrongNativeValue()",
          "NativeNotRelayable()",
          "DepositMismatch()",
          "Permit2NotConfigured()",
          "GracePeriodTooShort()",
          "TokenMismatch()",
          "NothingToSettle()",
          "NothingOwed()",
          "TransferFailed()",
          "ReentrancyGuardReentrantCall()",
          "InvalidShortString()",
          "StringTooLong(string)",
          "SafeERC20FailedOperation(address)",
          "ERC20InsufficientBalance(address,uint256,uint256)",
          "ERC20InsufficientAllowance(address,uint256,uint256)",
          "AuthorizationNotYetValid()",
          "AuthorizationAlreadyUsed()",
          "CallerNotRecipient()",
          "InvalidAuthorization()",
          "SignatureExpired(uint256)",
          "InvalidNonce()",
          "InvalidSigner()",
          "Error(string)",
          "Panic(uint256)");
  private static final Map<String, String> NAMES =
      ERRORS.stream()
          .collect(
              Collectors.toUnmodifiableMap(
                  Abi::selector,
                  (String error) -> error.substring(0, error.indexOf('(')),
                  (a, b) -> a));
  private static final int SELECTOR_DIGITS = 8;
  private static final String UNKNOWN = "reverted";

  private Reverts() {}

  /**
   * What the call was about, for the refusal to say.
   *
   * @param amount the deposit or voucher that was refused
   * @param limit the deposit or balance that it must not exceed, as far as is known
   */
  record Attempt(ChannelId channelId, Amount amount, Amount limit) {}

  /** The name of the error, or "reverted" where the contract gave none that is known. */
  static String name(RpcFailure failure) {
    String data = failure.revertData();
    return data == null ? UNKNOWN : nameOf(data.substring(0, SELECTOR_DIGITS));
  }

  /** As {@link #name}, for the eight digits of a selector. */
  static String nameOf(String selector) {
    return NAMES.getOrDefault(selector.toLowerCase(Locale.ROOT), UNKNOWN);
  }

  /** The refusal that a failure stands for: a revert's, or that the chain cannot be asked. */
  static Refusal refusal(RpcFailure failure, Attempt attempt) {
    if (!failure.isRevert()) {
      return failure.toRefusal();
    }
    String name = name(failure);
    return switch (name) {
      case "ChannelNotFound" -> new Refusal.ChannelNotFound(attempt.channelId());
      case "ChannelFinalized" -> new Refusal.ChannelFinalized(attempt.channelId());
      case "InvalidSignature", "InvalidAuthorization", "InvalidSigner" ->
          new Refusal.InvalidSignature();
      case "AmountExceedsDeposit" ->
          new Refusal.AmountExceedsDeposit(attempt.amount(), attempt.limit());
      case "ERC20InsufficientBalance", "ERC20InsufficientAllowance" -> shortOf(failure, attempt);
      case "SafeERC20FailedOperation" -> shortOf(attempt);
      case "Error" -> text(failure, attempt);
      default -> new Refusal.TransactionReverted(name);
    };
  }

  private static Refusal shortOf(RpcFailure failure, Attempt attempt) {
    Amount available = argument(failure, data -> data.amountOrMax(1));
    Amount needed = argument(failure, data -> data.amountOrMax(2));
    return available == null || needed == null
        ? shortOf(attempt)
        : new Refusal.InsufficientBalance(needed, available);
  }

  private static Refusal shortOf(Attempt attempt) {
    return new Refusal.InsufficientBalance(attempt.amount(), Amount.ZERO);
  }

  /** Older tokens and Permit2 revert with a sentence. */
  private static Refusal text(RpcFailure failure, Attempt attempt) {
    String text = argument(failure, data -> data.string(0));
    String sentence = text == null ? "" : text.toLowerCase(Locale.ROOT);
    boolean pullFailed =
        sentence.contains("exceeds balance")
            || sentence.contains("exceeds allowance")
            || sentence.contains("insufficient")
            || sentence.equals("transfer_from_failed");
    return pullFailed ? shortOf(attempt) : new Refusal.TransactionReverted(UNKNOWN);
  }

  private static <T> @Nullable T argument(RpcFailure failure, Function<Returned, T> as) {
    String data = failure.revertData();
    try {
      return data == null ? null : as.apply(new Returned(data.substring(SELECTOR_DIGITS)));
    } catch (IllegalArgumentException unreadable) {
      return null;
    }
  }
}
