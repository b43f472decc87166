package io.tollstream.gateway.payer;

import io.tollstream.channels.Address;
import io.tollstream.channels.Channel;
import io.tollstream.channels.ChannelId;
import io.tollstream.channels.Escrow;
import io.tollstream.metering.Amount;
import io.tollstream.metering.Bill;
import io.tollstream.metering.Tariff;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The payer's own account of one channel: what it must remember so that it never signs lower,
 * forgets a deposit or pays for bytes twice. Immutable.
 *
 * @param salt {@code 0x} and 64 lowercase digits
 * @param deposit everything deposited, as the chain or our own transactions tell
 * @param signed the highest amount ever signed, written down before the signature leaves
 * @param received what came over the channel's whole life, by tariff
 * @param claimed the highest amount the gateway ever said it had charged
 * @param gateway the origin of the gateway that the channel pays, such as {@code https://host:8443}
 * @param resource a path on it that the channel has paid for
 * @param openHash the transaction that opened it, or null where the gateway submits one or none has
 *     left yet
 * @param openPayload what the gateway needs to open it, as JSON, kept until it says that it has;
 *     null where it opens none
 */
record ChannelAccount(
    ChannelId id,
    Escrow escrow,
    Address payer,
    Address payee,
    Address token,
    String salt,
    Amount deposit,
    Amount signed,
    Bill received,
    Amount claimed,
    String gateway,
    String resource,
    @Nullable String openHash,
    @Nullable String openPayload,
    Instant openedAt,
    State state) {

  /** Where a channel stands, as far as the payer knows. */
  enum State {
    /** On chain, or authorized to be; the gateway has not acknowledged it yet. */
    OPENING,
    /** In use. */
    OPEN,
    /**
     * No longer paid from: disputed, unknown to the gateway, or worn out. Its rest can come back.
     */
    STOPPED,
    /** A forced close is under way. */
    CLOSING,
    /** Finalized: nothing is left in it. */
    CLOSED
  }

  /** What the received bytes cost, exactly, each tariff rounded up once. */
  Amount cost() {
    return received.total();
  }

  boolean isUsable() {
    return state == State.OPEN || state == State.OPENING;
  }

  /** Whether anything may still be in it that a gateway can give back. */
  boolean isOpen() {
    return state != State.CLOSING && state != State.CLOSED;
  }

  ChannelAccount received(Tariff tariff, long quanta) {
    return with(deposit, signed, received.plus(tariff, quanta), claimed, resource, state);
  }

  /**
   * The account after a signature.
   *
   * @throws IllegalArgumentException if it were lower than one before, or above the deposit
   */
  ChannelAccount signed(Amount cumulative) {
    if (signed.exceeds(cumulative) || cumulative.exceeds(deposit)) {
      throw new IllegalArgumentException(
          "cannot sign " + cumulative + " after " + signed + " of a deposit of " + deposit);
    }
    return with(deposit, cumulative, received, claimed, resource, state);
  }

  ChannelAccount claimed(Amount amount) {
    return with(deposit, signed, received, claimed.max(amount), resource, state);
  }

  ChannelAccount at(String path) {
    return with(deposit, signed, received, claimed, path, state);
  }

  /** The account in a state; only an opening one still needs what opens it. */
  ChannelAccount in(State next) {
    ChannelAccount moved = with(deposit, signed, received, claimed, resource, next);
    return next == State.OPENING ? moved : moved.opening(openHash, null);
  }

  ChannelAccount deposited(Amount total) {
    return with(total, signed, received, claimed, resource, state);
  }

  /** The account once its opening may have left. */
  ChannelAccount opened(String transactionHash) {
    return opening(transactionHash, null);
  }

  /** The account once the gateway may open the channel with this. */
  ChannelAccount authorized(String payload) {
    return opening(null, payload);
  }

  /** Whether it is known how the gateway can be told of the channel. */
  boolean isIntroducible() {
    return state == State.OPEN || openHash != null || openPayload != null;
  }

  private ChannelAccount opening(@Nullable String hash, @Nullable String payload) {
    return new ChannelAccount(
        id, escrow, payer, payee, token, salt, deposit, signed, received, claimed, gateway,
        resource, hash, payload, openedAt, state);
  }

  /** The channel in the words of the chain's side, as far as the account knows. */
  Channel channel() {
    return new Channel(
        id, escrow, payer, payee, token, Address.ZERO, deposit, Amount.ZERO, 0, false);
  }

  private ChannelAccount with(
      Amount deposit, Amount signed, Bill received, Amount claimed, String resource, State state) {
    return new ChannelAccount(
        id,
        escrow,
        payer,
        payee,
        token,
        salt,
        deposit,
        signed,
        received,
        claimed,
        gateway,
        resource,
        openHash,
        openPayload,
        openedAt,
        state);
  }
}
