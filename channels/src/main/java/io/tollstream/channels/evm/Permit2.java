package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Funding;

/**
 * What a payer signs so that the escrow may pull a token through Permit2, with the channel as the
 * witness (draft-evm-session-00, "Open Payload (feePayer: true)").
 */
final class Permit2 {
  /** Where Permit2 stands on most chains. */
  static final Address CANONICAL = new Address("0x000000000022d473030f116ddee9f6b43ac78ba3");

  private static final String TOKEN_PERMISSIONS = "TokenPermissions(address token,uint256 amount)";
  private static final String OPEN =
      "ChannelOpenWitness(address payee,bytes32 salt,address authorizedSigner)";
  private static final String TOP_UP = "ChannelTopUpWitness(bytes32 channelId)";
  private static final byte[] PERMISSIONS_TYPE = Keccak.hash(TOKEN_PERMISSIONS);
  private static final byte[] OPEN_TYPE = Keccak.hash(OPEN);
  private static final byte[] TOP_UP_TYPE = Keccak.hash(TOP_UP);
  private static final byte[] OPEN_PERMIT_TYPE = permitType("ChannelOpenWitness", OPEN);
  private static final byte[] TOP_UP_PERMIT_TYPE = permitType("ChannelTopUpWitness", TOP_UP);

  private final byte[] separator;
  private final Address spender;

  Permit2(Address permit2, Escrow escrow) {
    separator = Eip712.domain("Permit2", escrow.chainId(), permit2);
    spender = escrow.contract();
  }

  private static byte[] permitType(String witness, String witnessType) {
    return Keccak.hash(
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,"
            + ("uint256 deadline," + witness + " witness)")
            + witnessType
            + TOKEN_PERMISSIONS);
  }

  byte[] openDigest(Funding.Permit2 permit, Opening opening) {
    byte[] witness =
        new Words(4)
            .put(OPEN_TYPE)
            .put(opening.payee())
            .put(opening.saltBytes())
            .put(opening.authorizedSigner())
            .hash();
    return digest(OPEN_PERMIT_TYPE, permit, witness);
  }

  byte[] topUpDigest(Funding.Permit2 permit, ChannelId channelId) {
    byte[] witness = new Words(2).put(TOP_UP_TYPE).put(channelId.bytes()).hash();
    return digest(TOP_UP_PERMIT_TYPE, permit, witness);
  }

  private byte[] digest(byte[] type, Funding.Permit2 permit, byte[] witness) {
    byte[] permitted =
        new Words(3).put(PERMISSIONS_TYPE).put(permit.token()).put(permit.amount()).hash();
    byte[] struct =
        new Words(6)
            .put(type)
            .put(permitted)
            .put(spender)
            .put(permit.nonce())
            .put(permit.deadline())
            .put(witness)
            .hash();
    return Eip712.digest(separator, struct);
  }
}
