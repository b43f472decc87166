package io.tollstream.gateway.payer;

import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;
import io.tollstream.gateway.wire.SessionRequest;
import io.tollstream.metering.TariffUnit;

/**
 * Which offers one channel pays, at one gateway. A window is counted in bytes or in time, so a
 * channel serves tariffs of one kind.
 */
record ChannelKey(Escrow escrow, Address payee, Address token, TariffUnit.Kind kind) {
  static ChannelKey of(Offer offer) {
    SessionRequest terms = offer.terms();
    return new ChannelKey(
        terms.escrow(), terms.recipient(), terms.currency(), terms.tariff().unit().kind());
  }

  /** Whether an account was opened for such offers. */
  boolean fits(ChannelAccount account) {
    return account.escrow().equals(escrow)
        && account.payee().equals(payee)
        && account.token().equals(token)
        && account.received().lines().keySet().stream()
            .allMatch(tariff -> tariff.unit().kind() == kind);
  }
}
