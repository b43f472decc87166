/**
 * HTTP to vouchers and back: challenges, credentials, the payment socket, and the credit that
 * streams draw on. Knows nothing of what is sold.
 */
@NullMarked
package io.tollstream.gateway.payment;

import org.jspecify.annotations.NullMarked;
