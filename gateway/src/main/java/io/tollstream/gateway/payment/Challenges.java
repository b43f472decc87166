package io.tollstream.gateway.payment;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.tollstream.gateway.wire.Challenge;
import io.vertx.core.json.JsonObject;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Issues challenges and recognises its own without remembering them: the id is an HMAC over what
 * the challenge says, the route and the price included (draft-httpauth-payment-00, "Challenge
 * Binding"). Challenges of a former secret stay good until they expire.
 */
public final class Challenges {
  /** The least length of a secret, in bytes. */
  public static final int MIN_SECRET_BYTES = 32;

  /** What a credential's echo of a challenge turned out to be. */
  public enum Verdict {
    VALID,
    /** Valid, and past half its life: time to hand out a fresh one. */
    VALID_AGEING,
    EXPIRED,
    /** Not issued here, or tampered with. */
    UNKNOWN,
    /** Issued here, for another route or at other terms. */
    OTHER_TERMS
  }

  private static final String ALGORITHM = "HmacSHA256";
  private static final Base64.Encoder BASE64URL = Base64.getUrlEncoder().withoutPadding();

  private final String realm;
  private final Duration lifetime;
  private final InstantSource clock;
  private final List<Mac> macs;

  /**
   * A book of challenges.
   *
   * @param secrets the present secret first, then former ones
   * @throws IllegalArgumentException if there is none or one is shorter than {@link
   *     #MIN_SECRET_BYTES}
   */
  public Challenges(String realm, Duration lifetime, List<byte[]> secrets, InstantSource clock) {
    this.realm = realm;
    this.lifetime = lifetime;
    this.clock = clock;
    this.macs = secrets.stream().map(Challenges::mac).toList();
    if (macs.isEmpty()) {
      throw new IllegalArgumentException("a challenge secret is needed");
    }
  }

  /** A fresh challenge for an offer. */
  public Challenge issue(Offer offer) {
    String expires = clock.instant().plus(lifetime).truncatedTo(ChronoUnit.SECONDS).toString();
    String opaque = opaque(offer);
    String method = offer.protocol().method();
    String intent = offer.protocol().intent();
    String id = id(macs.get(0), realm, method, intent, offer.request(), expires, null, opaque);
    return new Challenge(id, realm, method, intent, offer.request(), expires, null, opaque, null);
  }

  /** Whether a credential's challenge is one of ours, alive, and for this very offer. */
  public Verdict verify(Challenge challenge, Offer offer) {
    if (!isOurs(challenge)) {
      return Verdict.UNKNOWN;
    }
    Instant now = clock.instant();
    if (!now.isBefore(challenge.expiry())) {
      return Verdict.EXPIRED;
    }
    if (!offer.request().equals(challenge.request()) || !opaque(offer).equals(challenge.opaque())) {
      return Verdict.OTHER_TERMS;
    }
    boolean ageing = now.plus(lifetime.dividedBy(2)).isAfter(challenge.expiry());
    return ageing ? Verdict.VALID_AGEING : Verdict.VALID;
  }

  private boolean isOurs(Challenge challenge) {
    byte[] claimed = challenge.id().getBytes(UTF_8);
    boolean ours = false;
    for (Mac mac : macs) {
      String id =
          id(
              mac,
              challenge.realm(),
              challenge.method(),
              challenge.intent(),
              challenge.request(),
              challenge.expires(),
              challenge.digest(),
              challenge.opaque());
      ours |= MessageDigest.isEqual(id.getBytes(UTF_8), claimed);
    }
    return ours && realm.equals(challenge.realm());
  }

  private static String opaque(Offer offer) {
    String json = new JsonObject().put("route", offer.route()).encode();
    return BASE64URL.encodeToString(json.getBytes(UTF_8));
  }

  private static String id(
      Mac mac,
      String realm,
      String method,
      String intent,
      String request,
      @Nullable String expires,
      @Nullable String digest,
      @Nullable String opaque) {
    String input =
        String.join(
            "|",
            List.of(
                realm,
                method,
                intent,
                request,
                orEmpty(expires),
                orEmpty(digest),
                orEmpty(opaque)));
    try {
      Mac fresh = (Mac) mac.clone();
      return BASE64URL.encodeToString(fresh.doFinal(input.getBytes(UTF_8)));
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("the JDK's HMAC can be cloned", e);
    }
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  private static Mac mac(byte[] secret) {
    if (secret.length < MIN_SECRET_BYTES) {
      throw new IllegalArgumentException(
          "a challenge secret must have at least " + MIN_SECRET_BYTES + " bytes");
    }
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(secret, ALGORITHM));
      return mac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK has HMAC-SHA256", e);
    }
  }
}
