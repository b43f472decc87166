package io.tollstream.gateway.payment;

import io.tollstream.channels.ChannelProtocol;
import io.tollstream.channels.Terms;
import io.tollstream.gateway.wire.SessionRequest;
import io.tollstream.metering.Amount;
import io.tollstream.metering.MeterPolicy;
import io.tollstream.metering.Tariff;
import java.util.List;

/**
 * What a route sells, at which price and on whose account.
 *
 * @param route the route's name, bound into every challenge
 * @param request the challenge's request in its wire form, equal for equal terms
 * @param credentialTypes the ways of funding a channel that are taken
 * @param credit base units a tab may owe on this route; zero unless its provider says otherwise
 * @param maxStreams how many streams one channel may have open on this gateway at once
 */
public record Offer(
    String route,
    Tariff tariff,
    MeterPolicy policy,
    Terms terms,
    ChannelProtocol protocol,
    String request,
    Amount minVoucherDelta,
    List<String> credentialTypes,
    Amount credit,
    int maxStreams) {

  /** An offer whose wire form says what its parts say. */
  public static Offer of(
      String route,
      MeterPolicy policy,
      Terms terms,
      ChannelProtocol protocol,
      SessionRequest request,
      Amount credit,
      int maxStreams) {
    return new Offer(
        route,
        request.tariff(),
        policy,
        terms,
        protocol,
        request.encode(),
        request.minVoucherDelta(),
        request.credentialTypes(),
        credit,
        maxStreams);
  }
}
