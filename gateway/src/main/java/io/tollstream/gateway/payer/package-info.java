/**
 * The viewer's side: a client that pays as bytes arrive, the local paying proxy, the downloader and
 * the care of channels. What may be signed is decided by pure policy from what was received, never
 * by what a server says.
 */
@NullMarked
package io.tollstream.gateway.payer;

import org.jspecify.annotations.NullMarked;
