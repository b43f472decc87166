package io.tollstream.channels.evm;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tollstream.channels.evm.SignedTransactions.Signed;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/**
 * A transaction that was signed and is not final yet, as it is written down.
 *
 * @param purpose what it is for: whoever wants the same joins it; empty where nobody may
 * @param raw what is broadcast, the newest where it was replaced
 * @param hashes of all that were ever broadcast under this nonce, the newest last
 * @param sentMillis Unix milliseconds when {@code raw} was signed
 */
record Outgoing(
    BigInteger nonce, String purpose, String raw, List<String> hashes, long sentMillis) {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  Outgoing {
    hashes = List.copyOf(hashes);
    if (hashes.isEmpty()) {
      throw new IllegalArgumentException("a transaction without a hash");
    }
  }

  static Outgoing of(BigInteger nonce, String purpose, Signed signed, long nowMillis) {
    return new Outgoing(nonce, purpose, signed.raw(), List.of(signed.hash()), nowMillis);
  }

  Outgoing replacedBy(Signed signed, long nowMillis) {
    List<String> all = new ArrayList<>(hashes);
    all.add(signed.hash());
    return new Outgoing(nonce, purpose, signed.raw(), all, nowMillis);
  }

  /** The newest. */
  String hash() {
    return hashes.get(hashes.size() - 1);
  }

  boolean isFor(String wanted) {
    return !wanted.isEmpty() && purpose.equals(wanted);
  }

  /** Equal ones give equal texts: a swap compares them. */
  String toJson() {
    ObjectNode json = JSON.createObjectNode();
    json.put("purpose", purpose);
    json.put("raw", raw);
    hashes.forEach(json.putArray("hashes")::add);
    json.put("sentMillis", sentMillis);
    return json.toString();
  }

  /**
   * Reads what {@link #toJson} has written.
   *
   * @throws IllegalArgumentException if it has not
   */
  static Outgoing parse(BigInteger nonce, String text) {
    try {
      JsonNode json = JSON.readTree(text);
      List<String> hashes = new ArrayList<>();
      json.path("hashes").forEach(hash -> hashes.add(hash.asText()));
      return new Outgoing(
          nonce,
          json.path("purpose").asText(),
          json.path("raw").asText(),
          hashes,
          json.path("sentMillis").asLong());
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("no JSON", e);
    }
  }
}
