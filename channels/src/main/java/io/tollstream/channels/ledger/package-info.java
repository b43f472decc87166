/** Ledgers: durable stores of tabs, whose writers commit many channels at once. */
@NullMarked
package io.tollstream.channels.ledger;

import org.jspecify.annotations.NullMarked;
