/**
 * The reverse proxy: routes, forwarding, and the metered pipe between an origin and a client. Knows
 * that credit is paid for, not how.
 */
@NullMarked
package io.tollstream.gateway.proxy;

import org.jspecify.annotations.NullMarked;
