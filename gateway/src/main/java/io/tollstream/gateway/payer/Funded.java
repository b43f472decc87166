package io.tollstream.gateway.payer;

import io.tollstream.channels.Wallet;

/** A channel that this process holds: its account, its wallet, its lease and what it is to pay. */
record Funded(ChannelAccount account, Wallet wallet, ChannelStore.Lease lease, Offer offer) {}
