/**
 * Tollstream from one end to the other: the demo is started as a newcomer starts it, and paid
 * through with real players.
 */
@NullMarked
package io.tollstream.deploy;

import org.jspecify.annotations.NullMarked;
