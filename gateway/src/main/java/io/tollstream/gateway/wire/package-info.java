/**
 * What travels: the Payment scheme's headers, the session request, receipts, problems and the
 * payment socket's frames. Shared by both sides of a payment; knows neither.
 */
@NullMarked
package io.tollstream.gateway.wire;

import org.jspecify.annotations.NullMarked;
