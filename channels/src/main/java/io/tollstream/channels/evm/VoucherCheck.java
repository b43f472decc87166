package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.Escrow;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.channels.Voucher;

/**
 * Tells whose a voucher's signature is, without asking anybody: by recovery, every time, as the
 * escrow does (draft-evm-session-00, "Voucher Signing Format").
 */
public final class VoucherCheck {
  private final Secp256k1 curve = Secp256k1.best();
  private final Escrow escrow;
  private final Eip712 digests;

  /**
   * A check for one escrow.
   *
   * @param domainName the EIP-712 domain name that the escrow was deployed with
   */
  public VoucherCheck(String domainName, Escrow escrow) {
    this.escrow = escrow;
    this.digests = new Eip712(domainName, escrow);
  }

  /**
   * The voucher, where the channel's signer signed it. A signer that is a contract shows as a
   * {@link Refusal.SignerMismatch}: only the chain knows whose signatures it calls its own.
   */
  public Result<Voucher> check(Voucher voucher, Channel channel) {
    if (!channel.escrow().equals(escrow)) {
      return Result.refused(
          new Refusal.ChannelMismatch(
              "escrowContract", escrow.toString(), channel.escrow().toString()));
    }
    if (!voucher.channelId().equals(channel.id())) {
      return Result.refused(
          new Refusal.ChannelMismatch("channelId", channel.id().hex(), voucher.channelId().hex()));
    }
    Address actual = curve.signer(digest(voucher), voucher.signature());
    if (actual == null) {
      return Result.refused(new Refusal.InvalidSignature());
    }
    return actual.equals(channel.signer())
        ? Result.ok(voucher)
        : Result.refused(new Refusal.SignerMismatch(channel.signer(), actual));
  }

  byte[] digest(Voucher voucher) {
    return digests.voucher(voucher.channelId(), voucher.cumulative());
  }
}
