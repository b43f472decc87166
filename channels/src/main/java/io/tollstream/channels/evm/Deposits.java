package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Funding;
import io.tollstream.channels.PaymentAction;
import io.tollstream.metering.Amount;

/** What a deposit is of. */
final class Deposits {
  private Deposits() {}

  /** The amount, as far as the payload tells it: a broadcast open's stands on the chain only. */
  static Amount amount(PaymentAction.Deposit deposit) {
    if (deposit instanceof PaymentAction.TopUp topUp) {
      return topUp.additional();
    }
    if (deposit.funding() instanceof Funding.Eip3009 authorization) {
      return authorization.value();
    }
    return deposit.funding() instanceof Funding.Permit2 permit ? permit.amount() : Amount.ZERO;
  }

  /** Whose money it is. */
  static Address payer(Funding funding) {
    if (funding instanceof Funding.Eip3009 authorization) {
      return authorization.from();
    }
    return funding instanceof Funding.Permit2 permit
        ? permit.from()
        : ((Funding.Broadcast) funding).source();
  }
}
