package io.tollstream.channels.evm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Answers JSON-RPC from a chain, as a node with the given faults would. */
final class FaultyNode {
  /** Where each method has the block that it asks about. */
  private static final Map<String, Integer> BLOCK_PARAMETER =
      Map.of(
          "eth_call", 1,
          "eth_estimateGas", 1,
          "eth_getCode", 1,
          "eth_getBalance", 1,
          "eth_getTransactionCount", 1,
          "eth_getStorageAt", 2);

  private final Anvil chain;
  private final ChainFaults faults;
  private final FaultyPool pool = new FaultyPool();

  FaultyNode(Anvil chain, ChainFaults faults) {
    this.chain = chain;
    this.faults = faults;
  }

  /** An error for an answer. */
  static final class Refused extends Exception {
    final transient ObjectNode error;
    final int status;

    Refused(ObjectNode error, int status) {
      super(error.toString(), null, false, false);
      this.error = error;
      this.status = status;
    }

    Refused(ObjectNode error) {
      this(error, 200);
    }
  }

  private Anvil backend() {
    Anvil fork = faults.fork;
    return fork == null ? chain : fork;
  }

  /** The result, or with the chain's own errors as they are. */
  JsonNode result(String method, ArrayNode parameters) throws Refused {
    Integer block = BLOCK_PARAMETER.get(method);
    if (block != null) {
      return pass(method, atBlock(parameters, block));
    }
    return switch (method) {
      case "eth_chainId" -> faults.chainId == 0 ? pass(method, parameters) : hex(faults.chainId);
      case "eth_blockNumber" -> hex(head());
      case "eth_getBlockByNumber" -> blockByNumber(parameters);
      case "eth_getBlockByHash" -> seen(withParent(pass(method, parameters)), "number", 0);
      case "eth_getLogs" -> logs(parameters);
      case "eth_getTransactionReceipt" ->
          seen(pass(method, parameters), "blockNumber", faults.lateReceipts);
      case "eth_getTransactionByHash" -> seen(pass(method, parameters), "blockNumber", 0);
      case "eth_sendRawTransaction" -> send(parameters);
      default -> pass(method, parameters);
    };
  }

  private JsonNode pass(String method, ArrayNode parameters) throws Refused {
    JsonNode answer = backend().answer(method, parameters);
    if (answer.get("error") instanceof ObjectNode error) {
      throw new Refused(error);
    }
    return answer.path("result");
  }

  private JsonNode ask(String method, Object... parameters) throws Refused {
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    for (Object parameter : parameters) {
      array.addPOJO(parameter);
    }
    return pass(method, array);
  }

  /** The newest block that this node has seen, and in which somebody mined. */
  private long head() throws Refused {
    long newest = Math.max(0, value(ask("eth_blockNumber")) - faults.lag);
    return lastMined(newest);
  }

  private long lastMined(long from) throws Refused {
    long number = from;
    while (isNull(number)) {
      number--;
    }
    return number;
  }

  /** Rounds with transactions in them cannot have been null. */
  private boolean isNull(long number) throws Refused {
    return faults.wouldBeNull(number)
        && value(ask("eth_getBlockTransactionCountByNumber", hex(number))) == 0;
  }

  private ArrayNode atBlock(ArrayNode parameters, int index) throws Refused {
    ArrayNode changed = parameters.deepCopy();
    JsonNode block = parameters.get(index);
    while (changed.size() <= index) {
      changed.addNull();
    }
    changed.set(index, block != null && block.isObject() ? block : state(block));
    return changed;
  }

  private JsonNode state(@Nullable JsonNode block) throws Refused {
    if (block != null && block.asText().equals("pending") && faults.lag == 0) {
      return faults.oldPool == 0 ? block : hex(head() - faults.oldPool);
    }
    long number = number(block);
    requireRecent(number);
    return hex(number);
  }

  private void requireRecent(long number) throws Refused {
    if (faults.lookback > 0 && number < head() - faults.lookback) {
      throw new Refused(faults.wording.lookbackLimit(), faults.wording.limitStatus);
    }
  }

  /** The number that is meant by a tag or a number, of a block that this node has. */
  private long number(@Nullable JsonNode block) throws Refused {
    if (block == null || block.isNull()) {
      return head();
    }
    String tag = block.asText();
    return switch (tag) {
      case "latest", "pending" -> head();
      case "earliest" -> 0;
      case "safe", "finalized" -> {
        long tagged = value(ask("eth_getBlockByNumber", tag, false).path("number"));
        yield lastMined(Math.max(0, tagged - faults.lag));
      }
      default -> known(value(block));
    };
  }

  private long known(long number) throws Refused {
    if (number > head()) {
      throw new Refused(faults.wording.unknownBlock());
    }
    if (!isNull(number)) {
      return number;
    }
    if (!faults.silentNullRounds) {
      throw new Refused(Wording.nullRound(number));
    }
    return lastMined(number);
  }

  /** Geth and its kin answer null for a block that is not there yet. */
  private JsonNode blockByNumber(ArrayNode parameters) throws Refused {
    JsonNode asked = parameters.get(0);
    boolean future =
        faults.wording != Wording.LOTUS && asked.asText().startsWith("0x") && value(asked) > head();
    if (future) {
      return JsonNodeFactory.instance.nullNode();
    }
    JsonNode number = hex(number(asked));
    return withParent(ask("eth_getBlockByNumber", number, parameters.path(1)));
  }

  /** The parent of what follows null rounds is the last block before them. */
  private JsonNode withParent(JsonNode block) throws Refused {
    if (block instanceof ObjectNode changed && faults.nullRoundPercent > 0) {
      long parent = value(block.path("number")) - 1;
      if (parent > 0 && isNull(parent)) {
        JsonNode mined = ask("eth_getBlockByNumber", hex(lastMined(parent)), false);
        changed.set("parentHash", mined.path("hash"));
      }
    }
    return block;
  }

  /** Null for what is in blocks that this node has not seen, or has not seen for so many blocks. */
  private JsonNode seen(JsonNode found, String field, int late) throws Refused {
    JsonNode number = found.path(field);
    boolean unseen = number.isTextual() && value(number) + late > head();
    return unseen ? JsonNodeFactory.instance.nullNode() : found;
  }

  /** Silent about what is beyond the head: the worst that a node can do, and many do. */
  private JsonNode logs(ArrayNode parameters) throws Refused {
    JsonNode filter = parameters.path(0);
    if (filter.has("blockHash")) {
      return pass("eth_getLogs", parameters);
    }
    long head = head();
    long from = bound(filter.get("fromBlock"), head);
    long to = Math.min(head, bound(filter.get("toBlock"), head));
    requireRecent(Math.min(from, head));
    if (faults.logBlocks > 0 && to - from >= faults.logBlocks) {
      throw new Refused(faults.wording.rangeLimit(faults.logBlocks), faults.wording.limitStatus);
    }
    if (from > to) {
      return JsonNodeFactory.instance.arrayNode();
    }
    ObjectNode bounded = filter.deepCopy();
    bounded.set("fromBlock", hex(from));
    bounded.set("toBlock", hex(to));
    JsonNode found = ask("eth_getLogs", bounded);
    if (faults.logResults > 0 && found.size() > faults.logResults) {
      throw new Refused(faults.wording.resultLimit(faults.logResults), faults.wording.limitStatus);
    }
    return found;
  }

  private long bound(@Nullable JsonNode block, long head) throws Refused {
    return block == null || !block.asText().startsWith("0x")
        ? Math.min(head, number(block))
        : value(block);
  }

  private JsonNode send(ArrayNode parameters) throws Refused {
    String raw = parameters.path(0).asText();
    if (faults.losesTransactions) {
      return JsonNodeFactory.instance.textNode(FaultyPool.hash(raw));
    }
    ObjectNode refusal = pool.refusal(raw, faults.replacementPercent, this::isWaiting);
    if (refusal != null) {
      throw new Refused(refusal);
    }
    JsonNode hash = pass("eth_sendRawTransaction", parameters);
    pool.taken(raw);
    if (faults.knowsAlready) {
      throw new Refused(Wording.error(-32000, "already known"));
    }
    return hash;
  }

  private boolean isWaiting(String hash) {
    ArrayNode parameters = JsonNodeFactory.instance.arrayNode().add(hash);
    JsonNode found = backend().answer("eth_getTransactionByHash", parameters).path("result");
    return found.isObject() && found.path("blockNumber").isNull();
  }

  private static long value(JsonNode hex) {
    return Long.decode(hex.asText());
  }

  private static JsonNode hex(long number) {
    return JsonNodeFactory.instance.textNode("0x" + Long.toHexString(number));
  }
}
