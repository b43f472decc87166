package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.metering.Amount;
import java.math.BigInteger;

/**
 * What is signed over one escrow's domain (EIP-712; draft-evm-session-00, "Voucher Signing
 * Format"). Words are laid by hand and domain and types hashed once: a digest costs two hashes.
 */
final class Eip712 {
  private static final String VERSION = "1";
  private static final byte[] DOMAIN =
      Keccak.hash(
          "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
  private static final byte[] DOMAIN_WITHOUT_VERSION =
      Keccak.hash("EIP712Domain(string name,uint256 chainId,address verifyingContract)");
  private static final byte[] VOUCHER =
      Keccak.hash("Voucher(bytes32 channelId,uint128 cumulativeAmount)");
  private static final byte[] SETTLE = Keccak.hash("SettleAuthorization" + authorization());
  private static final byte[] CLOSE = Keccak.hash("CloseAuthorization" + authorization());

  private final byte[] separator;

  Eip712(String domainName, Escrow escrow) {
    separator = domain(domainName, VERSION, escrow.chainId(), escrow.contract());
  }

  private static String authorization() {
    return "(bytes32 channelId,uint128 cumulativeAmount,uint256 nonce,uint256 deadline)";
  }

  byte[] voucher(ChannelId channelId, Amount cumulative) {
    byte[] struct = new Words(3).put(VOUCHER).put(channelId.bytes()).put(cumulative).hash();
    return digest(separator, struct);
  }

  /** What a payee signs for a relayer that settles ("Payee-initiated functions"). */
  byte[] settle(ChannelId channelId, Amount cumulative, BigInteger nonce, BigInteger deadline) {
    return authorization(SETTLE, channelId, cumulative, nonce, deadline);
  }

  /** What a payee signs for a relayer that closes ("Payee-initiated functions"). */
  byte[] close(ChannelId channelId, Amount cumulative, BigInteger nonce, BigInteger deadline) {
    return authorization(CLOSE, channelId, cumulative, nonce, deadline);
  }

  private byte[] authorization(
      byte[] type, ChannelId id, Amount cumulative, BigInteger nonce, BigInteger deadline) {
    Words words = new Words(5).put(type).put(id.bytes()).put(cumulative).put(nonce).put(deadline);
    return digest(separator, words.hash());
  }

  /** The separator of a domain of the usual four fields. */
  static byte[] domain(String name, String version, long chainId, Address contract) {
    return new Words(5)
        .put(DOMAIN)
        .put(Keccak.hash(name))
        .put(Keccak.hash(version))
        .put(BigInteger.valueOf(chainId))
        .put(contract)
        .hash();
  }

  /** The separator of a domain without a version, as Permit2 has it. */
  static byte[] domain(String name, long chainId, Address contract) {
    return new Words(4)
        .put(DOMAIN_WITHOUT_VERSION)
        .put(Keccak.hash(name))
        .put(BigInteger.valueOf(chainId))
        .put(contract)
        .hash();
  }

  static byte[] digest(byte[] separator, byte[] struct) {
    byte[] message = new byte[66];
    message[0] = 0x19;
    message[1] = 0x01;
    System.arraycopy(separator, 0, message, 2, 32);
    System.arraycopy(struct, 0, message, 34, 32);
    return Keccak.hash(message);
  }
}
