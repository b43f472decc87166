package io.tollstream.gateway.payer;

/** Carries a {@link PayerRefusal} through a future; it has no stack, for it is no bug. */
final class PaymentRefusedException extends RuntimeException {
  private final transient PayerRefusal refusal;

  PaymentRefusedException(PayerRefusal refusal) {
    super(refusal.reason(), null, false, false);
    this.refusal = refusal;
  }

  PayerRefusal refusal() {
    return refusal;
  }
}
