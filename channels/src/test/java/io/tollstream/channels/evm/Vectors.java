package io.tollstream.channels.evm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Funding;
import io.tollstream.channels.Hex;
import io.tollstream.channels.Signature;
import io.tollstream.metering.Amount;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Golden values computed by viem. */
final class Vectors {
  private static final JsonNode ALL = load();

  private Vectors() {}

  private static JsonNode load() {
    try (InputStream file =
        Objects.requireNonNull(Vectors.class.getResourceAsStream("vectors.json"))) {
      return new ObjectMapper().readTree(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode object(String name) {
    return ALL.required(name);
  }

  static Stream<JsonNode> list(String name) {
    JsonNode list = ALL.required(name);
    if (list.isEmpty()) {
      throw new IllegalStateException("no vectors of " + name);
    }
    return StreamSupport.stream(list.spliterator(), false);
  }

  static String text(JsonNode node, String field) {
    return node.required(field).asText();
  }

  static byte[] bytes(JsonNode node, String field) {
    String hex = text(node, field);
    return Hex.decode(hex, hex.length() / 2 - 1);
  }

  static Address address(JsonNode node, String field) {
    return new Address(text(node, field));
  }

  static Amount amount(JsonNode node, String field) {
    return Amount.parse(text(node, field));
  }

  static BigInteger number(JsonNode node, String field) {
    return new BigInteger(text(node, field));
  }

  static ChannelId channelId(JsonNode node) {
    return new ChannelId(text(node, "channelId"));
  }

  static Signature signature(JsonNode node, String field) {
    return Signature.parse(text(node, field));
  }

  /** The contract of a domain, on its chain. */
  static Escrow contract(JsonNode domain) {
    return new Escrow(domain.required("chainId").asLong(), address(domain, "verifyingContract"));
  }

  /** The parameters of a channel, whose payer stands in a field of that name. */
  static Opening opening(JsonNode node, String payerField) {
    return new Opening(
        address(node, payerField),
        address(node, "payee"),
        address(node, "token"),
        text(node, "salt"),
        address(node, "authorizedSigner"));
  }

  static Funding.Eip3009 eip3009(JsonNode node) {
    return new Funding.Eip3009(
        address(node, "from"),
        address(node, "to"),
        amount(node, "value"),
        number(node, "validAfter"),
        number(node, "validBefore"),
        text(node, "nonce"),
        signature(node, "signature"));
  }

  static Funding.Permit2 permit2(JsonNode node) {
    JsonNode permitted = node.required("permitted");
    return new Funding.Permit2(
        address(node, "address"),
        address(permitted, "token"),
        amount(permitted, "amount"),
        number(node, "nonce"),
        number(node, "deadline"),
        signature(node, "signature"));
  }
}
