package io.tollstream.channels.evm;

import io.tollstream.channels.Refusal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** No endpoint gave what was asked of it. Its message is fit for strangers: no URL, no host. */
final class RpcFailure extends Exception {
  /** Lotus answers so for an epoch in which nobody mined. */
  private static final int NULL_ROUND = 12;

  /** Geth and its kin answer so for a call that reverted with data. */
  private static final int REVERTED = 3;

  private static final Pattern REVERT_DATA = Pattern.compile("0x([0-9a-fA-F]{8,})");
  private static final int NOT_ANSWERED = 0;

  private final int code;
  private final String answer;
  private final @Nullable String data;

  private RpcFailure(String message, int code, String answer, @Nullable String data) {
    super(message, null, false, false);
    this.code = code;
    this.answer = answer;
    this.data = data;
  }

  /** The endpoint gave no answer, or one that makes no sense. */
  static RpcFailure unreachable(String what) {
    return new RpcFailure(what, NOT_ANSWERED, "", null);
  }

  /** The endpoint answered with a JSON-RPC error. */
  static RpcFailure answered(String endpoint, int code, String answer, @Nullable String data) {
    return new RpcFailure(endpoint + " answered error " + code, code, answer, data);
  }

  boolean isAnswer() {
    return code != NOT_ANSWERED;
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
