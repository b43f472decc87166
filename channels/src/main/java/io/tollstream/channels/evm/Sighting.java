package io.tollstream.channels.evm;

import io.tollstream.channels.ChannelId;

/**
 * An event of the escrow that names a channel. The same event in a block of another hash is another
 * sighting: a reorganisation has moved it.
 */
record Sighting(
    long block, String blockHash, String transactionHash, long logIndex, ChannelId channelId) {}
