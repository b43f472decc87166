package io.tollstream.gateway.payer;

import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.SessionRequest;
import io.tollstream.gateway.wire.WireException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The offers of one gateway, checked against policy when they come and remembered by directory, so
 * that the next file beside one that was paid for is paid for at once. A wrong guess costs one more
 * 402. Bounded; the least recently used is forgotten.
 */
final class Offers {
  private static final int MAX_REMEMBERED = 512;

  private final SpendingPolicy policy;
  private final Map<String, Offer> byPath =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Offer> eldest) {
          return size() > MAX_REMEMBERED;
        }
      };

  /** What became of a server's challenges. */
  sealed interface Choice {
    record Accepted(Offer offer) implements Choice {}

    record Declined(PayerRefusal refusal) implements Choice {}
  }

  Offers(SpendingPolicy policy) {
    this.policy = policy;
  }

  /** Takes the first challenge that policy passes, or tells why none is taken. */
  Choice choose(List<Challenge> challenges, String resource, Instant now) {
    PayerRefusal first = null;
    for (Challenge challenge : challenges) {
      SessionRequest terms = read(challenge);
      if (terms != null) {
        PayerRefusal refusal = check(challenge, terms, now);
        if (refusal == null) {
          return new Choice.Accepted(remember(new Offer(challenge, terms, resource)));
        }
        first = first == null ? refusal : first;
      }
    }
    return new Choice.Declined(first == null ? new PayerRefusal.NoChallenge() : first);
  }

  private static @Nullable SessionRequest read(Challenge challenge) {
    if (!challenge.method().equals("evm") || !challenge.intent().equals("session")) {
      return null;
    }
    try {
      return SessionRequest.parse(challenge.requestJson());
    } catch (WireException unreadable) {
      return null;
    }
  }

  private @Nullable PayerRefusal check(Challenge challenge, SessionRequest terms, Instant now) {
    if (hasExpired(challenge, now)) {
      return new PayerRefusal.ChallengeExpired();
    }
    return policy.check(terms);
  }

  static boolean hasExpired(Challenge challenge, Instant now) {
    try {
      return !now.isBefore(challenge.expiry());
    } catch (WireException unreadable) {
      return true;
    }
  }

  private Offer remember(Offer offer) {
    String path = path(offer.resource());
    byPath.put(path, offer);
    byPath.put(directory(path), offer);
    return offer;
  }

  /** The offer that most likely holds for a resource, or null. */
  @Nullable Offer find(String resource, Instant now) {
    String path = path(resource);
    Offer offer = byPath.get(path);
    if (offer == null) {
      offer = byPath.get(directory(path));
    }
    if (offer == null || !hasExpired(offer.challenge(), now)) {
      return offer;
    }
    forget(offer);
    return null;
  }

  /** The gateway no longer takes this offer. */
  void forget(Offer offer) {
    byPath.values().removeIf(offer::equals);
  }

  private static String path(String resource) {
    int query = resource.indexOf('?');
    return query < 0 ? resource : resource.substring(0, query);
  }

  private static String directory(String path) {
    return path.substring(0, path.lastIndexOf('/') + 1);
  }
}
