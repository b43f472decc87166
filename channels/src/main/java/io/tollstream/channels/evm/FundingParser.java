package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Funding;
import io.tollstream.channels.Hex;

/** Reads the {@code authorization} object of a deposit, and the signature beside it. */
final class FundingParser {
  private final Escrow escrow;

  FundingParser(Escrow escrow) {
    this.escrow = escrow;
  }

  Funding.Eip3009 eip3009(Fields fields) {
    Fields authorization = fields.object("authorization");
    Funding.Eip3009 funding =
        new Funding.Eip3009(
            authorization.address("from"),
            authorization.address("to"),
            authorization.amount("value"),
            authorization.uint256("validAfter"),
            authorization.uint256("validBefore"),
            authorization.bytes32("nonce"),
            fields.signature("signature"));
    authorization.require(funding.to().equals(escrow.contract()), "to", "the escrow contract");
    authorization.require(!funding.value().isZero(), "value", "an amount above zero");
    authorization.require(
        funding.validAfter().compareTo(funding.validBefore()) < 0,
        "validBefore",
        "a time after validAfter");
    return funding;
  }

  Funding.Eip3009 eip3009TopUp(Fields fields, ChannelId channelId, String salt) {
    Funding.Eip3009 funding = eip3009(fields);
    byte[] nonce = Eip3009.topUpNonce(channelId, funding.value(), funding.from(), salt);
    fields
        .object("authorization")
        .require(
            funding.nonce().equals(Hex.encode(nonce)),
            "nonce",
            "the nonce derived from channelId, additionalDeposit, from and salt");
    return funding;
  }

  /**
   * The witness's payee cannot be held against the challenge here; but as the channel's id commits
   * to it, it is the recipient if the id is the right one.
   */
  Funding.Permit2 permit2Open(Fields fields, ChannelId channelId, String salt, Address signer) {
    Funding.Permit2 funding = permit2(fields);
    Fields witness = fields.object("authorization").object("witness");
    Address payee = witness.address("payee");
    witness.require(witness.bytes32("salt").equals(salt), "salt", "the payload's salt");
    witness.require(
        witness.address("authorizedSigner").equals(signer),
        "authorizedSigner",
        "the payload's authorizedSigner, or zero");
    Opening opening = new Opening(funding.from(), payee, funding.token(), salt, signer);
    witness.require(
        opening.channelId(escrow).equals(channelId), "payee", "the payee of the channelId");
    return funding;
  }

  Funding.Permit2 permit2TopUp(Fields fields, ChannelId channelId) {
    Funding.Permit2 funding = permit2(fields);
    Fields witness = fields.object("authorization").object("witness");
    witness.require(
        witness.channelId("channelId").equals(channelId), "channelId", "the payload's channelId");
    return funding;
  }

  private static Funding.Permit2 permit2(Fields fields) {
    Fields authorization = fields.object("authorization");
    Fields permitted = authorization.object("permitted");
    Funding.Permit2 funding =
        new Funding.Permit2(
            authorization.address("from"),
            permitted.address("token"),
            permitted.amount("amount"),
            authorization.uint256("nonce"),
            authorization.uint256("deadline"),
            fields.signature("signature"));
    permitted.require(!funding.amount().isZero(), "amount", "an amount above zero");
    return funding;
  }
}
