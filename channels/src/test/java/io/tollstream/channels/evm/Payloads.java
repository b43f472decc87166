package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Hex;
import io.tollstream.channels.Terms;
import io.tollstream.metering.Amount;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Valid payloads of every shape, as a JSON parser would hand them over. */
final class Payloads {
  static final Escrow ESCROW =
      new Escrow(314, new Address("0x425b08c151727c90ec4ba43893cf5f5d5c8d973f"));
  static final Address PAYER = new Address("0xebdc9445180038ef3d93f0a44a0671384c65b342");
  static final Address PAYEE = new Address("0xa0c2f4d30e28d5cfce88fe2a02050673b21f6157");
  static final Address TOKEN = new Address("0xf54c13703414d4fc797ce52bfe5deb66818c632f");
  static final Address SIGNER = new Address("0x7e5f4552091a69125d5dfcb7b8c2659029395bdf");
  static final String SALT = "0x" + "a1".repeat(32);
  static final String SIGNATURE = "0x" + "b2".repeat(64) + "1b";
  static final String VOUCHER_SIGNATURE = "0x" + "c3".repeat(64) + "1c";
  static final String TX_HASH = "0x" + "d4".repeat(32);
  static final String SOURCE = "did:pkh:eip155:314:" + PAYER;
  static final Terms TERMS = new Terms(ESCROW, PAYEE, TOKEN, Amount.of(1));
  static final Opening OPENING = new Opening(PAYER, PAYEE, TOKEN, SALT, SIGNER);
  static final ChannelId ID = OPENING.channelId(ESCROW);

  private Payloads() {}

  static Map<String, Object> openHash() {
    return object(
        "action",
        "open",
        "type",
        "hash",
        "channelId",
        ID.hex(),
        "hash",
        TX_HASH,
        "cumulativeAmount",
        "0",
        "signature",
        VOUCHER_SIGNATURE,
        "authorizedSigner",
        SIGNER.hex(),
        "salt",
        SALT);
  }

  static Map<String, Object> openAuthorization() {
    return object(
        "action",
        "open",
        "type",
        "authorization",
        "channelId",
        ID.hex(),
        "authorization",
        eip3009("10000000", Hex.encode(OPENING.eip3009Nonce())),
        "signature",
        SIGNATURE,
        "cumulativeAmount",
        "0",
        "voucherSignature",
        VOUCHER_SIGNATURE,
        "authorizedSigner",
        SIGNER.hex(),
        "salt",
        SALT);
  }

  static Map<String, Object> openPermit2() {
    Map<String, Object> payload = openAuthorization();
    payload.put("type", "permit2");
    payload.put(
        "authorization",
        permit2(object("payee", PAYEE.hex(), "salt", SALT, "authorizedSigner", SIGNER.hex())));
    return payload;
  }

  static Map<String, Object> topUpHash() {
    return object(
        "action", "topUp",
        "type", "hash",
        "channelId", ID.hex(),
        "hash", TX_HASH,
        "additionalDeposit", "500");
  }

  static Map<String, Object> topUpAuthorization() {
    return object(
        "action",
        "topUp",
        "type",
        "authorization",
        "channelId",
        ID.hex(),
        "salt",
        SALT,
        "authorization",
        eip3009("500", Hex.encode(topUpNonce())),
        "signature",
        SIGNATURE,
        "additionalDeposit",
        "500");
  }

  static Map<String, Object> topUpPermit2() {
    Map<String, Object> payload = topUpAuthorization();
    payload.remove("salt");
    payload.put("type", "permit2");
    payload.put("authorization", permit2(object("channelId", ID.hex())));
    payload.put("additionalDeposit", "10000000");
    return payload;
  }

  static Map<String, Object> voucher() {
    return object(
        "action",
        "voucher",
        "channelId",
        ID.hex(),
        "cumulativeAmount",
        "250000",
        "signature",
        VOUCHER_SIGNATURE);
  }

  static Map<String, Object> voucherWithTopUp() {
    Map<String, Object> payload = voucher();
    Map<String, Object> deposit = topUpAuthorization();
    deposit.remove("channelId");
    deposit.remove("additionalDeposit");
    payload.put("deposit", deposit);
    return payload;
  }

  static Map<String, Object> voucherWithOpen() {
    Map<String, Object> payload = voucher();
    Map<String, Object> deposit = openPermit2();
    deposit
        .keySet()
        .retainAll(
            Set.of("action", "type", "authorization", "signature", "salt", "authorizedSigner"));
    payload.put("deposit", deposit);
    return payload;
  }

  static Map<String, Object> close() {
    Map<String, Object> payload = voucher();
    payload.put("action", "close");
    return payload;
  }

  static List<Map<String, Object>> opens() {
    return List.of(openHash(), openAuthorization(), openPermit2());
  }

  static Map<String, Map<String, Object>> all() {
    Map<String, Map<String, Object>> all = new TreeMap<>();
    all.put("openHash", openHash());
    all.put("openAuthorization", openAuthorization());
    all.put("openPermit2", openPermit2());
    all.put("topUpHash", topUpHash());
    all.put("topUpAuthorization", topUpAuthorization());
    all.put("topUpPermit2", topUpPermit2());
    all.put("voucher", voucher());
    all.put("voucherWithTopUp", voucherWithTopUp());
    all.put("voucherWithOpen", voucherWithOpen());
    all.put("close", close());
    return all;
  }

  private static byte[] topUpNonce() {
    return Eip3009.topUpNonce(ID, Amount.of(500), PAYER, SALT);
  }

  private static Map<String, Object> eip3009(String value, String nonce) {
    return object(
        "from",
        PAYER.hex(),
        "to",
        ESCROW.contract().hex(),
        "value",
        value,
        "validAfter",
        "0",
        "validBefore",
        "1743523500",
        "nonce",
        nonce);
  }

  private static Map<String, Object> permit2(Map<String, Object> witness) {
    return object(
        "from",
        PAYER.hex(),
        "permitted",
        object("token", TOKEN.hex(), "amount", "10000000"),
        "nonce",
        "1",
        "deadline",
        "1743523500",
        "witness",
        witness);
  }

  private static Map<String, Object> object(Object... namesAndValues) {
    Map<String, Object> object = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      object.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return object;
  }

  /** The payload and all objects within it. */
  static List<Map<String, Object>> objects(Map<String, Object> payload) {
    List<Map<String, Object>> objects = new ArrayList<>();
    objects.add(payload);
    for (String name : payload.keySet()) {
      if (payload.get(name) instanceof Map) {
        objects.addAll(objects(child(payload, name)));
      }
    }
    return objects;
  }

  @SuppressWarnings("unchecked")
  static Map<String, Object> child(Map<String, Object> object, String name) {
    return (Map<String, Object>) object.getOrDefault(name, Map.of());
  }
}
