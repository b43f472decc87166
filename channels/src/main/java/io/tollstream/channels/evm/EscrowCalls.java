package io.tollstream.channels.evm;

import static io.tollstream.channels.evm.Abi.address;
import static io.tollstream.channels.evm.Abi.bytes;
import static io.tollstream.channels.evm.Abi.bytes32;
import static io.tollstream.channels.evm.Abi.uint128;
import static io.tollstream.channels.evm.Abi.uint256;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Funding;
import io.tollstream.channels.Hex;
import io.tollstream.channels.Voucher;
import io.tollstream.metering.Amount;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import org.web3j.abi.datatypes.StaticStruct;
import org.web3j.abi.datatypes.Type;
import org.web3j.abi.datatypes.generated.Uint8;

/** The calls of the escrow that a gateway or a payer makes (draft-evm-session-00). */
final class EscrowCalls {
  /** Settlements that a transaction takes without filling the blocks of any chain. */
  static final int MAX_BATCH = 32;

  private static final byte[] NO_SIGNATURE = {};

  private final Address contract;

  EscrowCalls(Address contract) {
    this.contract = contract;
  }

  Call open(Opening opening, Amount deposit) {
    return call(
            "open",
            address(opening.payee()),
            address(opening.token()),
            uint128(deposit),
            bytes32(opening.saltBytes()),
            address(opening.authorizedSigner()))
        .withValue(coin(opening.token(), deposit));
  }

  Call openWithAuthorization(Opening opening, Funding.Eip3009 authorization) {
    return call(
        "openWithAuthorization",
        address(opening.payee()),
        address(opening.token()),
        uint128(authorization.value()),
        bytes32(opening.saltBytes()),
        address(opening.authorizedSigner()),
        address(authorization.from()),
        uint256(authorization.validAfter()),
        uint256(authorization.validBefore()),
        bytes32(Hex.decode(authorization.nonce(), 32)),
        bytes(authorization.signature().bytes()));
  }

  Call openWithPermit2(Opening opening, Funding.Permit2 permit) {
    return call(
        "openWithPermit2",
        address(opening.payee()),
        address(opening.token()),
        uint128(permit.amount()),
        bytes32(opening.saltBytes()),
        address(opening.authorizedSigner()),
        address(permit.from()),
        uint256(permit.nonce()),
        uint256(permit.deadline()),
        bytes(permit.signature().bytes()));
  }

  Call topUp(ChannelId channelId, Address token, Amount additional) {
    return call("topUp", bytes32(channelId.bytes()), uint128(additional))
        .withValue(coin(token, additional));
  }

  Call topUpWithAuthorization(ChannelId channelId, String salt, Funding.Eip3009 authorization) {
    return call(
        "topUpWithAuthorization",
        bytes32(channelId.bytes()),
        uint128(authorization.value()),
        address(authorization.from()),
        bytes32(Hex.decode(salt, 32)),
        uint256(authorization.validAfter()),
        uint256(authorization.validBefore()),
        bytes32(Hex.decode(authorization.nonce(), 32)),
        bytes(authorization.signature().bytes()));
  }

  Call topUpWithPermit2(ChannelId channelId, Funding.Permit2 permit) {
    return call(
        "topUpWithPermit2",
        bytes32(channelId.bytes()),
        uint128(permit.amount()),
        address(permit.from()),
        uint256(permit.nonce()),
        uint256(permit.deadline()),
        bytes(permit.signature().bytes()));
  }

  Call settle(Voucher voucher) {
    return redeem("settle", voucher);
  }

  Call close(Voucher voucher) {
    return redeem("close", voucher);
  }

  /** Closes with nothing more to redeem: no voucher is needed ("close", the forfeit path). */
  Call close(ChannelId channelId) {
    return call("close", bytes32(channelId.bytes()), uint128(Amount.ZERO), bytes(NO_SIGNATURE));
  }

  /**
   * Settles channels of one token together. A voucher that cannot be settled, or that a contract
   * wallet signed, is left out; {@link EscrowEvents} tells which from the receipt.
   *
   * @param vouchers at least one
   */
  Call settleMany(Address token, List<Voucher> vouchers) {
    if (vouchers.isEmpty()) {
      throw new IllegalArgumentException("a batch needs a voucher");
    }
    return call(
        "settleMany",
        address(token),
        Abi.structs(vouchers.stream().map(EscrowCalls::settlement).toList()));
  }

  private static StaticStruct settlement(Voucher voucher) {
    byte[] signature = voucher.signature().bytes();
    return new StaticStruct(
        bytes32(voucher.channelId().bytes()),
        uint128(voucher.cumulative()),
        new Uint8(signature[64]),
        bytes32(Arrays.copyOf(signature, 32)),
        bytes32(Arrays.copyOfRange(signature, 32, 64)));
  }

  /** {@link #settle}, for anybody to send. */
  Call settleWithAuthorization(Voucher voucher, PayeeAuthorization authorization) {
    return relayed(
        "settleWithAuthorization",
        voucher.channelId(),
        voucher.cumulative(),
        authorization,
        voucher.signature().bytes());
  }

  /** {@link #close(Voucher)}, for anybody to send. */
  Call closeWithAuthorization(Voucher voucher, PayeeAuthorization authorization) {
    return relayed(
        "closeWithAuthorization",
        voucher.channelId(),
        voucher.cumulative(),
        authorization,
        voucher.signature().bytes());
  }

  /** {@link #close(ChannelId)}, for anybody to send. */
  Call closeWithAuthorization(ChannelId channelId, PayeeAuthorization authorization) {
    return relayed("closeWithAuthorization", channelId, Amount.ZERO, authorization, NO_SIGNATURE);
  }

  private Call relayed(
      String name,
      ChannelId channelId,
      Amount cumulative,
      PayeeAuthorization authorization,
      byte[] voucherSignature) {
    return call(
        name,
        bytes32(channelId.bytes()),
        uint128(cumulative),
        uint256(authorization.nonce()),
        uint256(authorization.deadline()),
        bytes(authorization.signature().bytes()),
        bytes(voucherSignature));
  }

  Call requestClose(ChannelId channelId) {
    return call("requestClose", bytes32(channelId.bytes()));
  }

  Call withdraw(ChannelId channelId) {
    return call("withdraw", bytes32(channelId.bytes()));
  }

  Call getChannel(ChannelId channelId) {
    return call("getChannel", bytes32(channelId.bytes()));
  }

  Call isNonceUsed(ChannelId channelId, BigInteger nonce) {
    return call("isNonceUsed", bytes32(channelId.bytes()), uint256(nonce));
  }

  Call gracePeriod() {
    return call("CLOSE_GRACE_PERIOD");
  }

  Call permit2() {
    return call("PERMIT2");
  }

  Call eip712Domain() {
    return call("eip712Domain");
  }

  private Call redeem(String name, Voucher voucher) {
    return call(
        name,
        bytes32(voucher.channelId().bytes()),
        uint128(voucher.cumulative()),
        bytes(voucher.signature().bytes()));
  }

  private static BigInteger coin(Address token, Amount amount) {
    return token.isZero() ? amount.baseUnits() : BigInteger.ZERO;
  }

  private Call call(String name, Type<?>... arguments) {
    return Call.of(contract, Abi.function(name, arguments));
  }
}
