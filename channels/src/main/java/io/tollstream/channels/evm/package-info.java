/**
 * The EVM escrow: keys, EIP-712 digests, credentials' payloads, the chain and the payer's wallet.
 */
@NullMarked
package io.tollstream.channels.evm;

import org.jspecify.annotations.NullMarked;
