package io.tollstream.channels.evm;

import io.tollstream.channels.Refusal;
import io.tollstream.channels.evm.ChainHealth.Failure;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** No endpoint gave what was asked of it. Its message is fit for strangers: no URL, no host. */
final class RpcFailure extends Exception {
  /** Lotus answers so for an epoch in which nobody mined. */
  private static final int NULL_ROUND = 12;

  /** Geth and its kin answer so for a call that reverted with data. */
  private static final int REVERTED = 3;

  private static final int INTERNAL_ERROR = -32603;

  /** Limit exceeded (EIP-1474), and what vendors say for it. */
  private static final Set<Integer> RATE_LIMITED = Set.of(-32005, -32007, -32016, -32029, -32097);

  private static final Pattern TOO_OFTEN =
      Pattern.compile("rate.?limit|too many requests|request limit|capacity");

  /** Of eth_getLogs only: a narrower question is answered. Some give the code of a rate limit. */
  private static final Pattern TOO_MUCH =
      Pattern.compile("range|results|response size|too many events|lookback");

  private static final Pattern TOO_WIDE =
      Pattern.compile("too (large|big|wide)|too many (logs|blocks)|more than|timeout");

  private static final Pattern TOO_OLD =
      Pattern.compile("lookback|pruned|too old|older than|archive|missing trie node");

  private static final Pattern UNKNOWN_BLOCK =
      Pattern.compile(
          "header not found|unknown block|block not found|future epoch|beyond current head"
              + "|block ?out ?of ?range");

  private static final Pattern REVERT_DATA = Pattern.compile("0x([0-9a-fA-F]{8,})");
  private static final int NOT_ANSWERED = 0;

  private final Failure kind;
  private final int code;
  private final String answer;
  private final @Nullable String data;

  private RpcFailure(
      String message, @Nullable Failure kind, int code, String answer, @Nullable String data) {
    super(message, null, false, false);
    this.code = code;
    this.answer = answer;
    this.data = data;
    this.kind = kind == null ? kindOfAnswer() : kind;
  }

  /** The endpoint gave no answer, or one that makes no sense. */
  static RpcFailure of(Failure kind, String what) {
    return new RpcFailure(what, kind, NOT_ANSWERED, "", null);
  }

  /** Nobody can be asked. */
  static RpcFailure unreachable(String what) {
    return of(Failure.UNREACHABLE, what);
  }

  /** The endpoint answered with a JSON-RPC error. */
  static RpcFailure answered(String endpoint, int code, String answer, @Nullable String data) {
    String message = endpoint + " answered error " + code;
    return new RpcFailure(message, null, code, answer, data);
  }

  /** How the endpoint failed; {@link Failure#NONE} where it is the chain that refuses. */
  Failure kind() {
    return kind;
  }

  private Failure kindOfAnswer() {
    if (says(UNKNOWN_BLOCK)) {
      return Failure.LAGS;
    }
    if (isRevert() || isNullRound() || says(TOO_MUCH)) {
      return Failure.NONE;
    }
    if (RATE_LIMITED.contains(code) || says(TOO_OFTEN)) {
      return Failure.RATE_LIMITED;
    }
    return code == INTERNAL_ERROR ? Failure.INTERNAL_ERROR : Failure.NONE;
  }

  /** What an endpoint answered tells more than what it did not. */
  boolean isMoreTellingThan(RpcFailure other) {
    return rank() > other.rank();
  }

  private int rank() {
    return switch (kind) {
      case NONE -> 4;
      case LAGS -> 3;
      case RATE_LIMITED -> 2;
      case WRONG_CHAIN, UNREACHABLE, UNREADABLE, INTERNAL_ERROR -> 1;
    };
  }

  boolean isAnswer() {
    return code != NOT_ANSWERED;
  }

  /** Whether the node finds that the chain is past a transaction's nonce. */
  boolean isNonceTooLow() {
    return isAnswer() && says("nonce") && (says("low") || says("expected"));
  }

  boolean isNullRound() {
    return code == NULL_ROUND || answer.contains("null round");
  }

  boolean isRevert() {
    return isAnswer()
        && (code == REVERTED
            || revertData() != null
            || answer.toLowerCase(Locale.ROOT).contains("revert"));
  }

  /** Whether the node finds that too many blocks or logs were asked of it at once. */
  boolean isTooMuch() {
    return isAnswer()
        && kind != Failure.LAGS
        && !isTooOld()
        && !says(TOO_OFTEN)
        && (says(TOO_MUCH) || says(TOO_WIDE));
  }

  /** Whether the node does not look, or know, that far back. */
  boolean isTooOld() {
    return isAnswer() && says(TOO_OLD);
  }

  private boolean says(Pattern text) {
    return text.matcher(answer.toLowerCase(Locale.ROOT)).find();
  }

  /** Whether the node's answer speaks of something, in whatever case. */
  boolean says(String text) {
    return answer.toLowerCase(Locale.ROOT).contains(text);
  }

  /** What the call reverted with, as digits without prefix, or null where nothing is known. */
  @Nullable String revertData() {
    Matcher matcher = REVERT_DATA.matcher(data == null ? "" : data);
    if (matcher.find()) {
      return matcher.group(1);
    }
    // Lotus only prints the data: "... vm error=[0x08c379a0...]".
    Matcher printed = REVERT_DATA.matcher(answer);
    return says("vm error") && printed.find() ? printed.group(1) : null;
  }

  String answer() {
    return answer;
  }

  Refusal toRefusal() {
    return new Refusal.Unavailable(String.valueOf(getMessage()));
  }
}
