package io.tollstream.gateway.payer;

import io.tollstream.gateway.wire.Challenge;
import io.tollstream.gateway.wire.SessionRequest;

/**
 * A challenge that policy has passed, read.
 *
 * @param resource the path, with its query, that it was made for
 */
record Offer(Challenge challenge, SessionRequest terms, String resource) {}
