package io.tollstream.channels.evm;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tollstream.channels.Hex;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What Lotus's pool asks of a message that is to take another's place, and anvil's does not. */
final class FaultyPool {
  private static final int MAX_REMEMBERED = 1_000;
  private static final BigInteger HUNDRED = BigInteger.valueOf(100);

  /** What tells one message from another, but for its price; senders are not told apart. */
  private record Message(BigInteger nonce, String to, String data) {}

  private record Offer(String hash, BigInteger tip) {}

  private final Map<Message, Offer> offers =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Message, Offer> eldest) {
          return size() > MAX_REMEMBERED;
        }
      };

  static String hash(String raw) {
    return Hex.encode(Keccak.hash(Hex.decode(raw, (raw.length() - 2) / 2)));
  }

  /** Why a transaction cannot take the place of one that waits, or null where it may be sent. */
  synchronized @Nullable ObjectNode refusal(String raw, int percent, Predicate<String> waits) {
    SentTransaction sent = SentTransaction.decode(raw);
    Offer old = offers.get(message(sent));
    if (percent == 0 || old == null || old.hash().equals(hash(raw)) || !waits.test(old.hash())) {
      return null;
    }
    BigInteger least = old.tip().multiply(BigInteger.valueOf(100L + percent)).divide(HUNDRED);
    return tip(sent).compareTo(least) >= 0
        ? null
        : Wording.error(
            1,
            "message with nonce %d already in mpool, increase GasPremium to %d from %d to trigger replace by fee: replace by fee has too low GasPremium"
                .formatted(sent.nonce(), least, tip(sent)));
  }

  synchronized void taken(String raw) {
    SentTransaction sent = SentTransaction.decode(raw);
    offers.put(message(sent), new Offer(hash(raw), tip(sent)));
  }

  private static Message message(SentTransaction sent) {
    return new Message(sent.nonce(), sent.to(), sent.data());
  }

  private static BigInteger tip(SentTransaction sent) {
    BigInteger tip = sent.tip();
    return tip == null ? sent.most() : tip;
  }
}
