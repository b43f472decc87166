package io.tollstream.gateway.payment;

import io.tollstream.channels.Tab;
import io.tollstream.gateway.wire.Receipt;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** Writes receipts on behalf of one credential. */
record Receipts(Offer offer, String challengeId, InstantSource clock) {

  Receipt of(Tab tab, @Nullable Long units, @Nullable String transactionHash) {
    return new Receipt(
        offer.protocol().method(),
        offer.protocol().intent(),
        clock.instant(),
        challengeId,
        tab.id(),
        tab.channel().escrow().chainId(),
        tab.authorized(),
        tab.spent(),
        units,
        transactionHash);
  }
}
