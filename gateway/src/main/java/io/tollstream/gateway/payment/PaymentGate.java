package io.tollstream.gateway.payment;

import io.tollstream.channels.LedgerUnavailable;
import io.tollstream.channels.PaymentAction;
import io.tollstream.channels.Refusal;
import io.tollstream.channels.Result;
import io.tollstream.gateway.payment.Payments.Paid;
import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.Credential;
import io.tollstream.gateway.wire.ProblemType;
import io.tollstream.gateway.wire.WireException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.time.InstantSource;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands before metered content: takes the credential of a request, or answers with a challenge.
 * Nothing reaches an origin before a payment is durable.
 */
public final class PaymentGate {

  /** What became of a request. */
  public sealed interface Admission {
    /** It may go on, on this credit. */
    record Admitted(Credit credit) implements Admission {}

    /** The gate has answered it, or will; there is nothing left to do. */
    record Answered() implements Admission {}
  }

  private static final Logger LOG = LoggerFactory.getLogger(PaymentGate.class);
  private static final Admission ANSWERED = new Admission.Answered();

  private final Challenges challenges;
  private final Payments payments;
  private final Tabs tabs;
  private final InstantSource clock;

  PaymentGate(Challenges challenges, Payments payments, Tabs tabs, InstantSource clock) {
    this.challenges = challenges;
    this.payments = payments;
    this.tabs = tabs;
    this.clock = clock;
  }

  /**
   * Takes a request's payment.
   *
   * @param context the request's own; everything about the stream happens on it
   */
  public Future<Admission> admit(HttpServerRequest request, Offer offer, Context context) {
    Credential credential;
    try {
      credential = Credential.of(request.headers().getAll(HttpHeaders.AUTHORIZATION));
    } catch (WireException e) {
      return refuse(request, offer, new Problem(ProblemType.MALFORMED_CREDENTIAL, e.reason()));
    }
    if (credential == null) {
      return refuse(
          request,
          offer,
          new Problem(ProblemType.PAYMENT_REQUIRED, "Payment is required: " + offer.tariff()));
    }
    Checked checked = check(credential, offer);
    return checked.problem() != null
        ? refuse(request, offer, checked.problem())
        : take(request, offer, context, checked);
  }

  /** Answers a request whose stream got no credit before its first byte. */
  public void starved(HttpServerRequest request, Offer offer) {
    refuse(
        request,
        offer,
        new Problem(
            ProblemType.INSUFFICIENT_BALANCE,
            "No voucher came in time; send one that authorizes more"));
  }

  /** Answers a request whose stream was refused credit before its first byte. */
  public void refused(HttpServerRequest request, Offer offer, Refusal refusal) {
    refuse(request, offer, Problem.of(refusal));
  }

  /**
   * A credential that was looked at, without asking anybody.
   *
   * @param action what it asks for, or null where there is a problem
   */
  record Checked(
      String challengeId,
      boolean ageing,
      @Nullable PaymentAction action,
      @Nullable Problem problem) {}

  Checked check(Credential credential, Offer offer) {
    Challenge challenge = credential.challenge();
    if (!challenge.method().equals(offer.protocol().method())
        || !challenge.intent().equals(offer.protocol().intent())) {
      return failed(challenge, ProblemType.METHOD_UNSUPPORTED, "Not a method offered here");
    }
    try {
      return switch (challenges.verify(challenge, offer)) {
        case UNKNOWN ->
            failed(challenge, ProblemType.CHALLENGE_NOT_FOUND, "No such challenge was issued here");
        case EXPIRED ->
            failed(challenge, ProblemType.CHALLENGE_NOT_FOUND, "The challenge has expired");
        case OTHER_TERMS ->
            failed(
                challenge,
                ProblemType.INVALID_CHALLENGE,
                "The challenge is for another route or at an older price");
        case VALID -> parse(credential, offer, false);
        case VALID_AGEING -> parse(credential, offer, true);
      };
    } catch (WireException e) {
      return failed(challenge, ProblemType.MALFORMED_CREDENTIAL, e.reason());
    }
  }

  private static Checked parse(Credential credential, Offer offer, boolean ageing) {
    Result<PaymentAction> parsed =
        offer.protocol().parse(credential.payload().getMap(), credential.source());
    String id = credential.challenge().id();
    return parsed instanceof Result.Ok<PaymentAction> ok
        ? new Checked(id, ageing, ok.value(), null)
        : new Checked(
            id, false, null, Problem.of(((Result.Refused<PaymentAction>) parsed).refusal()));
  }

  private static Checked failed(Challenge challenge, ProblemType type, String detail) {
    return new Checked(challenge.id(), false, null, new Problem(type, detail));
  }

  private Future<Admission> take(
      HttpServerRequest request, Offer offer, Context context, Checked checked) {
    PaymentAction action = Objects.requireNonNull(checked.action());
    Receipts receipts = new Receipts(offer, checked.challengeId(), clock);
    boolean paymentOnly = isPaymentOnly(request, action);
    return pay(offer, action, context)
        .map(
            result -> {
              if (result instanceof Result.Refused<Paid> refused) {
                return answered(request, offer, Problem.of(refused.refusal()));
              }
              Paid paid = ((Result.Ok<Paid>) result).value();
              return paymentOnly
                  ? receipted(request, offer, checked, receipts, paid)
                  : admitted(request, offer, context, receipts, paid);
            });
  }

  /** Carries an action out; trouble becomes a refusal, never an exception. */
  Future<Result<Paid>> pay(Offer offer, PaymentAction action, Context context) {
    Future<Result<Paid>> taken =
        payments.take(offer, action).recover(failure -> Future.succeededFuture(trouble(failure)));
    return Future.fromCompletionStage(taken.toCompletionStage(), context);
  }

  private static Result<Paid> trouble(Throwable failure) {
    if (!(failure instanceof LedgerUnavailable)) {
      LOG.error("A payment failed on a fault of ours", failure);
    }
    return Result.refused(new Refusal.Unavailable("The ledger"));
  }

  private Admission admitted(
      HttpServerRequest request, Offer offer, Context context, Receipts receipts, Paid paid) {
    if (!isSafe(request) && paid.tab().affordable(offer.tariff(), offer.credit()) == 0) {
      return answered(
          request,
          offer,
          new Problem(
              ProblemType.INSUFFICIENT_BALANCE,
              "What this request does cannot be undone: authorize more, then send it again"));
    }
    Credit credit = new Credit(tabs, offer, paid.tab(), receipts, context);
    if (!tabs.join(credit, offer.maxStreams())) {
      return answered(
          request,
          offer,
          new Problem(
              ProblemType.TOO_MANY_STREAMS,
              "The channel has " + offer.maxStreams() + " streams open; end one first"));
    }
    return new Admission.Admitted(credit);
  }

  /** Whether an origin may be asked before a body is paid: nothing changes there by it. */
  private static boolean isSafe(HttpServerRequest request) {
    return request.method().equals(HttpMethod.GET);
  }

  private Admission receipted(
      HttpServerRequest request, Offer offer, Checked checked, Receipts receipts, Paid paid) {
    Challenge fresh = checked.ageing() ? challenges.issue(offer) : null;
    Answers.receipt(request, receipts.of(paid.tab(), null, paid.transactionHash()), fresh);
    return ANSWERED;
  }

  /** HEAD, a POST without a body, and whatever only moves money ask for no content. */
  private static boolean isPaymentOnly(HttpServerRequest request, PaymentAction action) {
    return request.method().equals(HttpMethod.HEAD)
        || (request.method().equals(HttpMethod.POST) && RequestBody.isAbsent(request))
        || action instanceof PaymentAction.TopUp
        || action instanceof PaymentAction.Close;
  }

  private Future<Admission> refuse(HttpServerRequest request, Offer offer, Problem problem) {
    return Future.succeededFuture(answered(request, offer, problem));
  }

  private Admission answered(HttpServerRequest request, Offer offer, Problem problem) {
    boolean payable = problem.type().status() == 402 || problem.type().status() == 410;
    Answers.problem(request, problem, payable ? challenges.issue(offer) : null);
    return ANSWERED;
  }
}
