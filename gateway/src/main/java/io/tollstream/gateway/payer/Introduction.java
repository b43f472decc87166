package io.tollstream.gateway.payer;

import io.tollstream.channels.Voucher;
import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.Credential;
import io.tollstream.gateway.wire.ProblemType;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonObject;
import java.util.List;

/**
 * Tells a gateway of deposits: the same payload again and again, for a bounded while, until it is
 * taken or surely is not. The gateway may have to wait for the chain.
 */
final class Introduction {
  private static final int MAX_TRIES = 5;

  /** Tries where the gateway only waits for the chain. */
  private static final int MAX_PENDING_TRIES = 20;

  private static final long RETRY_MILLIS = 500;
  private static final int MAX_SHIFT = 4;
  private static final int MAX_RETRY_SECONDS = 60;

  private final Context context;
  private final GatewayLink link;

  Introduction(Context context, GatewayLink link) {
    this.context = context;
    this.link = link;
  }

  /** Makes a channel known: always with what opened it, never with a voucher alone. */
  Future<Void> introduce(PayingChannel channel) {
    ChannelAccount account = channel.live().account();
    String authorized = account.openPayload();
    if (authorized != null) {
      return tell(channel, new JsonObject(authorized));
    }
    String hash = account.openHash();
    return hash == null
        ? Stages.refused(new PayerRefusal.StateUnusable("it is not known how it was opened"))
        : channel.sign().compose(voucher -> tell(channel, broadcast(account, hash, voucher)));
  }

  private static JsonObject broadcast(ChannelAccount account, String hash, Voucher voucher) {
    return Payload.open(hash, account.salt(), voucher);
  }

  Future<Void> tell(PayingChannel channel, JsonObject payload) {
    return tell(channel, payload, 1);
  }

  private Future<Void> tell(PayingChannel channel, JsonObject payload, int tries) {
    return pay(channel, payload, tries > 1)
        .compose(
            answer -> {
              if (answer instanceof Answer.Taken taken) {
                if (taken.receipt() != null) {
                  channel.receipted(taken.receipt());
                }
                return Future.succeededFuture();
              }
              return again(channel, payload, (Answer.Refused) answer, tries);
            });
  }

  private Future<Void> again(
      PayingChannel channel, JsonObject payload, Answer.Refused refused, int tries) {
    int most = isPending(refused) ? MAX_PENDING_TRIES : MAX_TRIES;
    if (tries >= most || refused.isGone() || channel.stopped() != null) {
      return Stages.refused(new PayerRefusal.GatewayRefused(refused.status(), refused.detail()));
    }
    return pause(refused, tries)
        .compose(waited -> refresh(channel, refused))
        .compose(fresh -> tell(channel, payload, tries + 1));
  }

  /** Whether the gateway has seen it and asks for patience. */
  private static boolean isPending(Answer.Refused refused) {
    return refused.retryAfterSeconds() > 0 || refused.is(ProblemType.VERIFICATION_FAILED);
  }

  private Future<Void> pause(Answer.Refused refused, int tries) {
    if (tries == 1 && !refused.challenges().isEmpty() && refused.retryAfterSeconds() == 0) {
      return Future.succeededFuture(); // perhaps it was only the challenge
    }
    Promise<Void> waited = Promise.promise();
    long seconds = Math.min(MAX_RETRY_SECONDS, refused.retryAfterSeconds());
    long millis = Math.max(RETRY_MILLIS << Math.min(tries, MAX_SHIFT), seconds * 1_000);
    context.owner().setTimer(millis, timer -> waited.complete());
    return waited.future();
  }

  private Future<Void> refresh(PayingChannel channel, Answer.Refused refused) {
    Future<List<Challenge>> challenges =
        refused.challenges().isEmpty()
            ? link.challenges(channel.offer().resource()).otherwise(List.of())
            : Future.succeededFuture(refused.challenges());
    return challenges.map(
        found -> {
          channel.renew(found);
          return null;
        });
  }

  private Future<Answer> pay(PayingChannel channel, JsonObject payload, boolean explain) {
    Credential credential = new Credential(channel.offer().challenge(), source(channel), payload);
    String resource = channel.offer().resource();
    return explain ? link.explain(resource, credential) : link.pay(resource, credential);
  }

  private static String source(PayingChannel channel) {
    long chainId = channel.live().account().escrow().chainId();
    return "did:pkh:eip155:" + chainId + ":" + channel.wallet().address();
  }
}
