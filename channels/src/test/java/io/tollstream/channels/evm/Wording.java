package io.tollstream.channels.evm;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** How vendors of nodes say the same: what they do not give, with which code and HTTP status. */
public enum Wording {
  GETH(200, -32000, "header not found", -32000, "exceed maximum block range: %d"),
  LOTUS(
      200,
      1,
      "requested a future epoch (beyond 'latest')",
      1,
      "invalid epoch range: range between to and from heights is too large (maximum: %d)"),
  ALCHEMY(
      400,
      -32000,
      "Unknown block number",
      -32600,
      "You can make eth_getLogs requests with up to a %d block range."),
  QUICKNODE(200, -32000, "unknown block", -32614, "eth_getLogs is limited to a %d range"),
  ANKR(200, -32000, "block not found", -32062, "block range is too wide"),
  CLOUDFLARE(
      200,
      -32000,
      "unknown block",
      -32047,
      "Invalid eth_getLogs request. 'fromBlock'-'toBlock' range too large. Max range: %d"),
  DRPC(400, -32000, "Unknown block", 35, "ranges over %d blocks are not supported on freetier");

  final int limitStatus;
  private final int unknownCode;
  private final String unknown;
  private final int rangeCode;
  private final String range;

  Wording(int limitStatus, int unknownCode, String unknown, int rangeCode, String range) {
    this.limitStatus = limitStatus;
    this.unknownCode = unknownCode;
    this.unknown = unknown;
    this.rangeCode = rangeCode;
    this.range = range;
  }

  ObjectNode unknownBlock() {
    return error(unknownCode, unknown);
  }

  ObjectNode rangeLimit(int most) {
    return error(rangeCode, range.formatted(most));
  }

  ObjectNode resultLimit(int most) {
    return this == LOTUS
        ? error(1, "filter matches too many events, try a more restricted filter")
        : error(-32005, "query returned more than " + most + " results");
  }

  ObjectNode lookbackLimit() {
    return this == LOTUS
        ? error(1, "bad tipset height: lookbacks of more than 16h40m0s are disallowed")
        : error(-32000, "missing trie node: state is not available, history has been pruned");
  }

  /** Every node that has null rounds says it so, but Forest. */
  static ObjectNode nullRound(long number) {
    return error(12, "requested epoch was a null round (" + number + ")");
  }

  static ObjectNode error(int code, String message) {
    return JsonNodeFactory.instance.objectNode().put("code", code).put("message", message);
  }
}
