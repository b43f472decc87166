package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Funding;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Result;
import io.tollstream.channels.Signature;
import io.tollstream.channels.Voucher;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the payloads of draft-evm-session-00, "Payload Actions", and refuses those that contradict
 * themselves, before any signature is looked at.
 */
final class PayloadParser {
  private static final String HASH = "hash";
  private static final String AUTHORIZATION = "authorization";
  private static final String PERMIT2 = "permit2";

  private final Escrow escrow;
  private final FundingParser fundings;

  PayloadParser(Escrow escrow) {
    this.escrow = escrow;
    this.fundings = new FundingParser(escrow);
  }

  Result<PaymentAction> parse(Map<String, Object> payload, @Nullable String source) {
    try {
      return Result.ok(action(new Fields("", payload), source));
    } catch (MalformedField malformed) {
      return Result.refused(malformed.refusal());
    }
  }

  private PaymentAction action(Fields fields, @Nullable String source) {
    return switch (fields.text("action")) {
      case "open" -> open(fields, source);
      case "topUp" -> topUp(fields, source);
      case "voucher" -> pay(fields, source);
      case "close" -> close(fields);
      default -> throw fields.malformed("action", "one of open, topUp, voucher, close");
    };
  }

  private PaymentAction.Open open(Fields fields, @Nullable String source) {
    return isBroadcast(fields)
        ? broadcastOpen(fields, source)
        : relayedOpen(fields, voucher(fields, "voucherSignature"), source);
  }

  private PaymentAction.Open broadcastOpen(Fields fields, @Nullable String source) {
    Voucher voucher = voucher(fields, "signature");
    String salt = fields.bytes32("salt");
    Address signer = fields.addressOrZero("authorizedSigner");
    Funding funding = broadcast(fields, source);
    return new PaymentAction.Open(voucher.channelId(), funding, salt, signer, voucher);
  }

  private PaymentAction.Open relayedOpen(Fields fields, Voucher voucher, @Nullable String source) {
    ChannelId channelId = voucher.channelId();
    String salt = fields.bytes32("salt");
    Address signer = fields.addressOrZero("authorizedSigner");
    Funding funding =
        isPermit2(fields)
            ? fundings.permit2Open(fields, channelId, salt, signer)
            : fundings.eip3009(fields);
    requireSameSource(source, Opening.payer(funding));
    return new PaymentAction.Open(channelId, funding, salt, signer, voucher);
  }

  private PaymentAction.TopUp topUp(Fields fields, @Nullable String source) {
    ChannelId channelId = fields.channelId("channelId");
    if (!isBroadcast(fields)) {
      PaymentAction.TopUp topUp = relayedTopUp(fields, channelId);
      fields.require(
          fields.amount("additionalDeposit").equals(topUp.additional()),
          "additionalDeposit",
          "the authorization's amount");
      return topUp;
    }
    Funding funding = broadcast(fields, source);
    var additional = fields.amount("additionalDeposit");
    fields.require(!additional.isZero(), "additionalDeposit", "an amount above zero");
    return new PaymentAction.TopUp(channelId, funding, null, additional);
  }

  private PaymentAction.TopUp relayedTopUp(Fields fields, ChannelId channelId) {
    if (isPermit2(fields)) {
      Funding.Permit2 permit = fundings.permit2TopUp(fields, channelId);
      return new PaymentAction.TopUp(channelId, permit, null, permit.amount());
    }
    String salt = fields.bytes32("salt");
    Funding.Eip3009 authorization = fundings.eip3009TopUp(fields, channelId, salt);
    return new PaymentAction.TopUp(channelId, authorization, salt, authorization.value());
  }

  private PaymentAction.Pay pay(Fields fields, @Nullable String source) {
    Voucher voucher = voucher(fields, "signature");
    PaymentAction.Deposit deposit =
        fields.has("deposit") ? deposit(fields.object("deposit"), voucher, source) : null;
    return new PaymentAction.Pay(voucher.channelId(), voucher, deposit);
  }

  private PaymentAction.Deposit deposit(Fields fields, Voucher voucher, @Nullable String source) {
    return switch (fields.text("action")) {
      case "open" -> relayedOpen(fields, voucher, source);
      case "topUp" -> relayedTopUp(fields, voucher.channelId());
      default -> throw fields.malformed("action", "one of open, topUp");
    };
  }

  private static PaymentAction.Close close(Fields fields) {
    Voucher voucher = voucher(fields, "signature");
    return new PaymentAction.Close(voucher.channelId(), voucher);
  }

  private static boolean isBroadcast(Fields fields) {
    return switch (fields.text("type")) {
      case HASH -> true;
      case AUTHORIZATION, PERMIT2 -> false;
      default -> throw fields.malformed("type", "one of hash, authorization, permit2");
    };
  }

  private static boolean isPermit2(Fields fields) {
    return switch (fields.text("type")) {
      case PERMIT2 -> true;
      case AUTHORIZATION -> false;
      default -> throw fields.malformed("type", "one of authorization, permit2");
    };
  }

  private static Voucher voucher(Fields fields, String signatureField) {
    ChannelId channelId = fields.channelId("channelId");
    Signature signature = fields.signature(signatureField);
    return new Voucher(channelId, fields.amount("cumulativeAmount"), signature);
  }

  private Funding.Broadcast broadcast(Fields fields, @Nullable String source) {
    Address payer = PkhSource.parse(source, escrow.chainId());
    if (payer == null) {
      throw new MalformedField("source", PkhSource.expected(escrow.chainId()));
    }
    return new Funding.Broadcast(fields.bytes32(HASH), payer);
  }

  /** The source may be left out here; where it names an account, it must be the one that pays. */
  private void requireSameSource(@Nullable String source, Address from) {
    if (source != null && !from.equals(PkhSource.parse(source, escrow.chainId()))) {
      throw new MalformedField("source", "the account that authorizes the deposit");
    }
  }
}
