package io.tollstream.channels;

import io.tollstream.metering.Amount;

/**
 * A signature over (channelId, cumulativeAmount). Cumulative, so the newest alone is worth all of
 * them (draft-evm-session-00, "Voucher Signing Format").
 */
public record Voucher(ChannelId channelId, Amount cumulative, Signature signature) {}
