/** Every metric's name, once. */
@NullMarked
package io.tollstream.gateway.telemetry;

import org.jspecify.annotations.NullMarked;
