/** Tabs, vouchers and channels, and the ports behind which ledgers, chains and keys stand. */
@NullMarked
package io.tollstream.channels;

import org.jspecify.annotations.NullMarked;
