package io.tollstream.gateway.wire;

import io.vertx.core.json.JsonObject;

/**
 * The problem types of the Payment scheme and its session intent (RFC 9457;
 * draft-httpauth-payment-00, "Error Codes"; draft-evm-session-00, "Error Responses").
 */
public enum ProblemType {
  PAYMENT_REQUIRED("payment-required", "Payment Required", 402),
  PAYMENT_INSUFFICIENT("payment-insufficient", "Payment Insufficient", 402),
  PAYMENT_EXPIRED("payment-expired", "Payment Expired", 402),
  VERIFICATION_FAILED("verification-failed", "Verification Failed", 402),
  METHOD_UNSUPPORTED("method-unsupported", "Method Unsupported", 400),
  MALFORMED_CREDENTIAL("malformed-credential", "Malformed Credential", 402),
  INVALID_CHALLENGE("invalid-challenge", "Invalid Challenge", 402),
  MALFORMED_PAYLOAD("malformed-credential", "Malformed Payload", 400),
  INVALID_SIGNATURE("session/invalid-signature", "Invalid Signature", 402),
  SIGNER_MISMATCH("session/signer-mismatch", "Signer Mismatch", 402),
  AMOUNT_EXCEEDS_DEPOSIT("session/amount-exceeds-deposit", "Amount Exceeds Deposit", 402),
  DELTA_TOO_SMALL("session/delta-too-small", "Delta Too Small", 402),
  CHANNEL_NOT_FOUND("session/channel-not-found", "Channel Not Found", 410),
  CHANNEL_FINALIZED("session/channel-finalized", "Channel Finalized", 410),
  CHALLENGE_NOT_FOUND("session/challenge-not-found", "Challenge Not Found", 402),
  INSUFFICIENT_BALANCE("session/insufficient-balance", "Insufficient Balance", 402),
  TRANSACTION_REVERTED("session/transaction-reverted", "Transaction Reverted", 409),
  TOO_MANY_STREAMS("session/too-many-streams", "Too Many Streams", 429),
  UNAVAILABLE("session/unavailable", "Payments Unavailable", 503);

  private static final String BASE = "https://paymentauth.org/problems/";

  private final String uri;
  private final String title;
  private final int status;

  ProblemType(String path, String title, int status) {
    this.uri = BASE + path;
    this.title = title;
    this.status = status;
  }

  public String uri() {
    return uri;
  }

  public int status() {
    return status;
  }

  /** The problem document. */
  public JsonObject toJson(String detail) {
    return new JsonObject()
        .put("type", uri)
        .put("title", title)
        .put("status", status)
        .put("detail", detail);
  }
}
