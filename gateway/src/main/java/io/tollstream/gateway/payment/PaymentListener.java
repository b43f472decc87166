package io.tollstream.gateway.payment;

import io.tollstream.gateway.wire.Frame;

/** Somebody who hears what is going on with a channel: a payment socket. On any thread. */
interface PaymentListener {
  void tell(Frame frame);
}
