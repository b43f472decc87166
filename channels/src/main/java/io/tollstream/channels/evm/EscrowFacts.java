package io.tollstream.channels.evm;

import io.tollstream.channels.Address;
import io.tollstream.channels.Escrow;

/**
 * An escrow whose code is this project's, and what it was deployed with.
 *
 * @param graceSeconds between a payer's request to close and its withdrawal
 * @param permit2 the Permit2 that it calls; zero where it does without
 */
public record EscrowFacts(Escrow escrow, String domainName, long graceSeconds, Address permit2) {}
