package io.tollstream.gateway.payment;

import io.tollstream.channels.Address;
import io.tollstream.channels.Funding;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Voucher;
import io.tollstream.channels.evm.EvmWallet;
import io.tollstream.channels.evm.LocalEscrow;
import io.tollstream.metering.Amount;
import java.util.List;
import java.util.Random;

/** What a payer says that must not be believed. */
final class Lies {
  private Lies() {}

  static PaymentAction of(
      Random random,
      MarketPayer payer,
      List<MarketPayer> all,
      EvmWallet wallet,
      LocalEscrow local) {
    MarketPayer other = all.get(random.nextInt(all.size()));
    long next = payer.signed + 1;
    return switch (random.nextInt(4)) {
      case 0 -> signedBySomebodyElse(payer, next, local);
      case 1 -> pay(wallet.sign(payer.id(), Amount.of(payer.deposit + 1_000_000)));
      case 2 -> topUpThatNobodyMade(payer, other, wallet.address());
      default ->
          pay(
              new Voucher(
                  payer.id(),
                  Amount.of(next),
                  wallet.sign(payer.id(), Amount.of(next + 1)).signature()));
    };
  }

  private static PaymentAction pay(Voucher voucher) {
    return new PaymentAction.Pay(voucher.channelId(), voucher, null);
  }

  private static PaymentAction signedBySomebodyElse(
      MarketPayer payer, long cumulative, LocalEscrow local) {
    try (EvmWallet thief = new EvmWallet(local.escrow, local.anvil.account(3))) {
      return pay(thief.sign(payer.id(), Amount.of(cumulative)));
    }
  }

  /** An open is no top-up, whoever's it is. */
  private static PaymentAction topUpThatNobodyMade(
      MarketPayer payer, MarketPayer other, Address source) {
    return new PaymentAction.TopUp(
        payer.id(), new Funding.Broadcast(other.openHash, source), null, Amount.of(other.deposit));
  }
}
