package io.tollstream.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Hex;
import io.tollstream.channels.Signature;
import io.tollstream.channels.Terms;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.evm.LocalSigner;
import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.Credential;
import io.tollstream.metering.Amount;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.bouncycastle.crypto.digests.KeccakDigest;

/**
 * Somebody with a key who pays. Ids, nonces and digests are computed here from the drafts, not by
 * the code under test.
 */
public final class TestPayer {
  public static final String DOMAIN = "EVM Payment Channel";

  private static final String DOMAIN_TYPE =
      "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
  private static final String VOUCHER_TYPE = "Voucher(bytes32 channelId,uint128 cumulativeAmount)";

  private final LocalSigner key;
  private final Escrow escrow;
  private final Map<ChannelId, String> salts = new HashMap<>();

  public TestPayer(int key, Escrow escrow) {
    byte[] bytes = new byte[32];
    bytes[30] = (byte) (key >> 8);
    bytes[31] = (byte) key;
    this.key = LocalSigner.of(bytes);
    this.escrow = escrow;
  }

  public Address address() {
    return key.address();
  }

  /** A channel of this payer's, with a salt of its own; not on any chain yet. */
  public Channel channel(Terms terms, long deposit) {
    String salt = String.format("0x%064x", salts.size() + 1);
    ChannelId id = ChannelId.of(idOf(terms, salt));
    salts.put(id, salt);
    return new Channel(
        id,
        terms.escrow(),
        address(),
        terms.payee(),
        terms.token(),
        Address.ZERO,
        Amount.of(deposit),
        Amount.ZERO,
        0,
        false);
  }

  private byte[] idOf(Terms terms, String salt) {
    return keccak(
        word(address()),
        word(terms.payee()),
        word(terms.token()),
        Hex.decode(salt, 32),
        word(Address.ZERO),
        word(terms.escrow().contract()),
        word(BigInteger.valueOf(terms.escrow().chainId())));
  }

  public Voucher voucher(ChannelId id, long cumulative) {
    return voucher(escrow, id, cumulative);
  }

  /** A voucher over any escrow's domain. */
  public Voucher voucher(Escrow domain, ChannelId id, long cumulative) {
    byte[] struct =
        keccak(
            keccak(VOUCHER_TYPE.getBytes(UTF_8)), id.bytes(), word(BigInteger.valueOf(cumulative)));
    byte[] digest = keccak(new byte[] {0x19, 0x01}, separator(domain), struct);
    return new Voucher(id, Amount.of(cumulative), key.sign(digest));
  }

  private static byte[] separator(Escrow domain) {
    return keccak(
        keccak(DOMAIN_TYPE.getBytes(UTF_8)),
        keccak(DOMAIN.getBytes(UTF_8)),
        keccak("1".getBytes(UTF_8)),
        word(BigInteger.valueOf(domain.chainId())),
        word(domain.contract()));
  }

  /** The payload of a voucher. */
  public static JsonObject pay(Voucher voucher) {
    return new JsonObject()
        .put("action", "voucher")
        .put("channelId", voucher.channelId().hex())
        .put("cumulativeAmount", voucher.cumulative().toString())
        .put("signature", voucher.signature().hex());
  }

  public JsonObject pay(ChannelId id, long cumulative) {
    return pay(voucher(id, cumulative));
  }

  public JsonObject close(ChannelId id, long cumulative) {
    return pay(id, cumulative).put("action", "close");
  }

  /** The payload of an open that the payer has broadcast. */
  public JsonObject open(Channel channel, String hash, long cumulative) {
    return pay(channel.id(), cumulative)
        .put("action", "open")
        .put("type", "hash")
        .put("hash", hash)
        .put("salt", salts.get(channel.id()));
  }

  /** The payload of an open that the gateway is to submit. */
  public JsonObject relayedOpen(Channel channel, long cumulative) {
    String salt = Objects.requireNonNull(salts.get(channel.id()));
    byte[] nonce =
        keccak(
            word(address()),
            word(channel.payee()),
            word(channel.token()),
            Hex.decode(salt, 32),
            word(Address.ZERO));
    JsonObject payload = pay(channel.id(), cumulative).put("action", "open");
    return authorized(payload, nonce, channel.deposit())
        .put("voucherSignature", payload.getString("signature"))
        .put("signature", anySignature())
        .put("salt", salt);
  }

  public JsonObject topUp(ChannelId id, String hash, long additional) {
    return new JsonObject()
        .put("action", "topUp")
        .put("type", "hash")
        .put("channelId", id.hex())
        .put("hash", hash)
        .put("additionalDeposit", Long.toString(additional));
  }

  /** The payload of a top-up that the gateway is to submit; {@code salt} tells them apart. */
  public JsonObject relayedTopUp(ChannelId id, long additional, int salt) {
    String salted = String.format("0x%064x", salt);
    byte[] nonce =
        keccak(
            id.bytes(),
            word(BigInteger.valueOf(additional)),
            word(address()),
            Hex.decode(salted, 32));
    JsonObject payload = new JsonObject().put("action", "topUp").put("channelId", id.hex());
    return authorized(payload, nonce, Amount.of(additional))
        .put("signature", anySignature())
        .put("salt", salted)
        .put("additionalDeposit", Long.toString(additional));
  }

  private JsonObject authorized(JsonObject payload, byte[] nonce, Amount value) {
    JsonObject authorization =
        new JsonObject()
            .put("from", address().hex())
            .put("to", escrow.contract().hex())
            .put("value", value.toString())
            .put("validAfter", "0")
            .put("validBefore", "4102444800")
            .put("nonce", Hex.encode(nonce));
    return payload.put("type", "authorization").put("authorization", authorization);
  }

  /** The value of an {@code Authorization} header. */
  public String credential(Challenge challenge, JsonObject payload) {
    String source = "did:pkh:eip155:" + escrow.chainId() + ":" + address();
    return new Credential(challenge, source, payload).header();
  }

  private String anySignature() {
    return key.sign(new byte[32]).hex();
  }

  /** The signature with its s in the upper half, which is refused everywhere. */
  public static Signature highS(Signature signature) {
    BigInteger order =
        new BigInteger("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16);
    byte[] bytes = signature.bytes();
    byte[] s = new byte[32];
    System.arraycopy(bytes, 32, s, 0, 32);
    System.arraycopy(word(order.subtract(new BigInteger(1, s))), 0, bytes, 32, 32);
    bytes[64] = (byte) (55 - bytes[64]);
    return Signature.of(bytes);
  }

  private static byte[] word(Address address) {
    byte[] word = new byte[32];
    System.arraycopy(address.bytes(), 0, word, 12, 20);
    return word;
  }

  private static byte[] word(BigInteger number) {
    byte[] bytes = number.toByteArray();
    byte[] word = new byte[32];
    int length = Math.min(32, bytes.length);
    System.arraycopy(bytes, bytes.length - length, word, 32 - length, length);
    return word;
  }

  private static byte[] keccak(byte[]... parts) {
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      message.writeBytes(part);
    }
    KeccakDigest digest = new KeccakDigest(256);
    digest.update(message.toByteArray(), 0, message.size());
    byte[] hash = new byte[32];
    digest.doFinal(hash, 0);
    return hash;
  }
}
